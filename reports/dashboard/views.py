"""One view a tab: what was asked for, and the tab's content, in the same frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from portal.accounts.access import requires
from portal.accounts.enums import Permission
from reports.dashboard import heat, institutions, maturity, overview, progress, regions
from reports.dashboard.asked import Asked
from reports.dashboard.filters import DashboardForm, MaturityForm

TABS = {
    "overview": (_("总体"), "reports/dashboard/overview.html"),
    "progress": (_("进度"), "reports/dashboard/progress.html"),
    "heat": (_("热力图"), "reports/dashboard/heat.html"),
    "institutions": (_("机构"), "reports/dashboard/institutions.html"),
    "regions": (_("地区"), "reports/dashboard/regions.html"),
    "maturity": (_("成熟度"), "reports/dashboard/maturity.html"),
}
OF_INSTITUTIONS = ("overview", "progress")
READERS = (Permission.SUPERVISE, Permission.SIGN, Permission.MANAGE_PEOPLE)


@require_safe
@requires(*READERS)
def overview_tab(request: HttpRequest) -> HttpResponse:
    return _tab(request, "overview", overview.content)


@require_safe
@requires(*READERS)
def progress_tab(request: HttpRequest) -> HttpResponse:
    return _tab(request, "progress", progress.content)


@require_safe
@requires(Permission.SUPERVISE)
def heat_tab(request: HttpRequest) -> HttpResponse:
    return _tab(request, "heat", heat.content)


@require_safe
@requires(Permission.SUPERVISE)
def institutions_tab(request: HttpRequest) -> HttpResponse:
    return _tab(request, "institutions", institutions.content)


@require_safe
@requires(Permission.SUPERVISE)
def regions_tab(request: HttpRequest) -> HttpResponse:
    return _tab(request, "regions", regions.content)


@require_safe
@requires(Permission.SUPERVISE)
def maturity_tab(request: HttpRequest) -> HttpResponse:
    form = MaturityForm(request.GET, user=request.user, membership=request.membership)
    return _tab(request, "maturity", lambda asked: maturity.content(asked, form.chosen.get("cycle")), form)


def _tab(
    request: HttpRequest, name: str, content: Callable[[Asked], dict[str, Any]], form: DashboardForm | None = None
) -> HttpResponse:
    form = form or DashboardForm(request.GET, user=request.user, membership=request.membership)
    context: dict[str, Any] = {"form": form, "plan": form.asked_plan, "tabs": _tabs(request, name)}
    if form.asked_plan:
        asked = Asked.of(form, request.user, request.membership, form.asked_plan)
        context |= {"asked": asked, **content(asked)}
    _label, template = TABS[name]
    return render(request, template, context)


def _tabs(request: HttpRequest, current: str) -> list[tuple[Any, str, bool]]:
    """The tabs that the reader has, each with the filters in force."""
    query = request.GET.copy()
    for own in ("page", "cycle"):
        query.pop(own, None)
    tail = f"?{query.urlencode()}" if query else ""
    shown = TABS if request.membership.is_supervising else OF_INSTITUTIONS
    return [(TABS[name][0], reverse(f"dashboard:{name}") + tail, name == current) for name in shown]
