"""The body one acts for, and the people of a body."""

from __future__ import annotations

from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from portal.accounts.access import signed_in
from portal.accounts.middleware import SESSION_KEY


@require_POST
@signed_in
def act_for(request, pk: int):
    """Switch to another body of the person's own; the next page is home, because the old one may not be visible."""
    membership = get_object_or_404(request.user.memberships.filter(is_active=True), pk=pk)
    request.session[SESSION_KEY] = membership.pk
    return redirect("home")
