"""The body one acts for: a person with several memberships switches between them."""

from __future__ import annotations

SESSION_KEY = "acting_membership"


class ActingMembershipMiddleware:
    """Set `request.membership`: the one chosen in the session, else the first; None without any."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.membership = acting_membership(request) if request.user.is_authenticated else None
        return self.get_response(request)


def acting_membership(request):
    memberships = request.user.active_memberships
    chosen = request.session.get(SESSION_KEY)
    return next((m for m in memberships if m.pk == chosen), memberships[0] if memberships else None)
