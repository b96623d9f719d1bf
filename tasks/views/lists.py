"""我的任务 for an institution's people, and 任务落实 for a supervising body's."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.accounts.access import signed_in
from portal.keyset import bounded_count, keyset_page
from tasks.filters import OwnAssignmentFilter, ScopeAssignmentFilter
from tasks.models import Assignment
from tasks.querysets import tally_of

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
    context = {"filterset": filterset, "page": page, "count": bounded_count(found)}
    return render(request, "tasks/list_scope.html", context)
