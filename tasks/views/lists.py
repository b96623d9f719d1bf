"""我的任务 for an institution's people. A supervising body finds all of its scope under 查询."""

from __future__ import annotations

import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from portal.accounts.access import signed_in
from portal.accounts.enums import ListPage
from tasks.filters import OwnAssignmentFilter, PastOwnAssignmentFilter
from tasks.models import Assignment, AssignmentChange
from tasks.past import as_it_was
from tasks.querysets import tally_of


@require_safe
@signed_in
def assignment_list(request: HttpRequest) -> HttpResponse:
    if request.membership and request.membership.is_supervising:
        return redirect(reverse(ListPage.ASSIGNMENTS, query=request.GET))
    return _of_institution(request)


def _of_institution(request: HttpRequest) -> HttpResponse:
    """All tasks of the institution by theme: some dozens, so they stand on one page; at a past day as they stood."""
    own = Assignment.objects.visible_to(request.user, acting=request.membership)
    rows = own.with_progress().with_requests().select_related("task__theme")
    filterset = OwnAssignmentFilter(request.GET, queryset=rows.order_by("task__plan", "task__number"), request=request)
    if day := filterset.form.past_day:
        return _as_at(request, day)
    found = list(filterset.qs) if filterset.form.makes_sense else []
    # Without a filter the rows at hand are all there are.
    tally = own.tally() if request.GET else tally_of((row.state, row.deadline, 1) for row in found)
    context = {"filterset": filterset, "rows": found, "tally": tally, "day": None, "same_day": ""}
    return render(request, "tasks/list_own.html", context)


def _as_at(request: HttpRequest, day: datetime.date) -> HttpResponse:
    own = AssignmentChange.objects.visible_to(request.user, acting=request.membership)
    rows = own.select_related("assignment__task__theme").order_by("assignment__task__plan", "assignment__task__number")
    filterset = PastOwnAssignmentFilter(request.GET, queryset=rows, request=request)
    found = [as_it_was(fact, day) for fact in filterset.qs] if filterset.form.makes_sense else []
    context = {
        "filterset": filterset,
        "rows": found,
        "tally": own.last_by(day).tally(day),
        "day": day,
        "same_day": f"&at={day}",
    }
    return render(request, "tasks/list_own.html", context)
