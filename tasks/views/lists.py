"""我的任务 for an institution's people, and 任务落实 for a supervising body's."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.accounts.access import signed_in
from portal.accounts.enums import Permission
from portal.keyset import bounded_count, keyset_page
from tasks.filters import OwnAssignmentFilter, ScopeAssignmentFilter
from tasks.models import Assignment
from tasks.querysets import tally_of
from tasks.urging import to_urge

ROWS_A_PAGE = 50


@require_safe
@signed_in
def assignment_list(request: HttpRequest) -> HttpResponse:
    if request.membership and request.membership.is_supervising:
        return _in_scope(request)
    return _of_institution(request)


def _of_institution(request: HttpRequest) -> HttpResponse:
    """All tasks of the institution by theme: some dozens, so they stand on one page."""
    own = Assignment.objects.visible_to(request.user, acting=request.membership)
    rows = own.with_progress().with_requests().select_related("task__theme")
    filterset = OwnAssignmentFilter(request.GET, queryset=rows.order_by("task__plan", "task__number"), request=request)
    found = list(filterset.qs) if filterset.is_valid() else []
    # Without a filter the rows at hand are all there are.
    tally = own.tally() if request.GET else tally_of((row.state, row.deadline, 1) for row in found)
    context = {"filterset": filterset, "rows": found, "tally": tally}
    return render(request, "tasks/list_own.html", context)


def _in_scope(request: HttpRequest) -> HttpResponse:
    """The assignments of the scope by deadline; a page of many hundred thousand costs what one of fifty does."""
    rows = Assignment.objects.visible_to(request.user, acting=request.membership)
    filterset = ScopeAssignmentFilter(request.GET, queryset=rows, request=request)
    found = filterset.qs if filterset.is_valid() else rows.none()
    page = keyset_page(
        found.select_related("task", "institution__region"),
        by=("deadline", "pk"),
        after=request.GET.get("after", ""),
        size=ROWS_A_PAGE,
    )
    may_urge = request.membership.may(Permission.URGE)
    context = {
        "filterset": filterset,
        "page": page,
        "count": bounded_count(found),
        "may_urge": may_urge,
        "may_extend": request.membership.may(Permission.GRANT_EXTENSIONS),
        "to_urge": bounded_count(to_urge(found, request.user)) if may_urge else None,
        "filters": _filters_of(request),
    }
    return render(request, "tasks/list_scope.html", context)


def _filters_of(request: HttpRequest) -> str:
    query = request.GET.copy()
    query.pop("after", None)
    return query.urlencode()
