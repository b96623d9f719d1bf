"""What every request knows of its reader: the body acted for, and the language chosen."""

from __future__ import annotations

from django.conf import settings
from django.middleware.locale import LocaleMiddleware
from django.utils import translation

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


class ChosenLanguageMiddleware(LocaleMiddleware):
    """Pages are Chinese unless the reader chose otherwise, whatever the browser prefers; programs ask by header."""

    def process_request(self, request):
        if request.path.startswith("/api/"):
            super().process_request(request)
            return
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
        known = chosen in dict(settings.LANGUAGES)
        translation.activate(chosen if known else settings.LANGUAGE_CODE)
        request.LANGUAGE_CODE = translation.get_language()
