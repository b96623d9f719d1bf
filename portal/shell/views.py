"""The house's own pages: home."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.accounts.access import signed_in
from portal.accounts.enums import Permission
from portal.shell.home import institution_home, supervisor_home


@require_safe
@signed_in
def home(request: HttpRequest) -> HttpResponse:
    """The role one acts in decides which page this is."""
    membership = request.membership
    if membership is None:
        return render(request, "shell/home_nobody.html")
    if membership.is_supervising:
        return render(request, "shell/home_supervisor.html", supervisor_home(request))
    may_sign = membership.may(Permission.SIGN)
    template = "shell/home_cio.html" if may_sign else "shell/home_contributor.html"
    return render(request, template, institution_home(request))
