"""What the first page shows to each role: what waits for this person, and where things stand.

All figures come from `reports.progress`, over what the person sees in the body acted for.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language

from assessments.enums import RectificationState, SelfAssessmentState
from assessments.filters import QueueFilterForm
from assessments.models import Cycle, Rectification, SelfAssessment
from assessments.permissions import can_open_cycle
from assessments.queue import Queue
from plan.models import Plan
from portal.accounts.enums import Permission
from portal.accounts.models import Institution
from portal.keyset import bounded_count
from reports import progress
from reports.charts import heat_map, state_chart
from reports.links import tasks_url
from reports.permissions import kind_for
from tasks.enums import AssignmentState, RequestKind
from tasks.models import Assignment, ChangeRequest

SHOWN = 8
QUEUE_SHOWN = 5
RECTIFICATIONS_SHOWN = 5


def supervisor_home(request: HttpRequest) -> dict[str, Any]:
    membership, today = request.membership, timezone.localdate()
    context = _common(request)
    plan = context["plan"]
    if plan is None:
        return context
    institutions = Institution.objects.visible_to(request.user, acting=membership)
    assignments = Assignment.objects.visible_to(request.user, acting=membership)
    measured = progress.measure_scope(institutions, plan=plan, day=today)
    link = partial(tasks_url, plan)
    return context | {
        "figures": measured.total,
        "by_theme": measured.by_theme,
        "chart": state_chart(measured.total, link),
        "heat": heat_map(measured, link),
        "overdue": progress.overdue_list(assignments, plan=plan, today=today, limit=SHOWN),
        "overdue_url": link(overdue=1),
        "tiles": _tiles(measured.total, link),
        "may_open_cycle": can_open_cycle(request.user),
        "may_urge": membership.may(Permission.URGE),
        **_queue(request),
        **_rectifications(request),
        **_requests(request),
    }


def _queue(request: HttpRequest) -> dict[str, Any]:
    """What the person may judge, oldest first; nothing for an observer."""
    if not request.membership.may(Permission.REVIEW):
        return {"may_review": False}
    queue = Queue(request.user, request.membership, QueueFilterForm({}))
    count, more = queue.count()
    return {"may_review": True, "queue": queue.items(limit=QUEUE_SHOWN), "queue_count": count, "queue_more": more}


def _rectifications(request: HttpRequest) -> dict[str, Any]:
    """How many are open in the scope, and the most urgent of them."""
    rows = Rectification.objects.visible_to(request.user, request.membership)
    urgent = rows.unclosed().select_related("institution").order_by("deadline", "pk")
    return {
        "rectification_tally": rows.tally(timezone.localdate(), request.membership.authority),
        "rectifications": urgent[:RECTIFICATIONS_SHOWN],
    }


def _requests(request: HttpRequest) -> dict[str, Any]:
    """How many requests wait for a decision that is this person's to make, and where they are listed."""
    rows = ChangeRequest.objects.visible_to(request.user, acting=request.membership).to_decide(request.membership)
    count, more = bounded_count(rows)
    address = reverse("tasks:requests")
    if not request.membership.may(Permission.GRANT_EXTENSIONS):
        address += f"?type={RequestKind.NOT_APPLICABLE}"
    return {"requests_count": count, "requests_more": more, "requests_url": address}


def institution_home(request: HttpRequest) -> dict[str, Any]:
    """For contributor and liaison what to do next, for the CIO what awaits a signature."""
    membership, today = request.membership, timezone.localdate()
    context = _common(request)
    plan = context["plan"]
    if plan is None:
        return context
    assignments = Assignment.objects.visible_to(request.user, acting=membership)
    measured = progress.measure(assignments, plan=plan, today=today)
    link = partial(tasks_url, plan)
    context |= {
        "figures": measured.total,
        "by_theme": measured.by_theme,
        "chart": state_chart(measured.total, link),
        "tiles": _tiles(measured.total, link),
        "self_assessments": _self_assessments(request),
        "rectifications": _to_rectify(request),
        "nearest": progress.nearest_deadlines(assignments, plan=plan, today=today, limit=SHOWN),
        "overdue": progress.overdue_list(assignments, plan=plan, today=today, limit=SHOWN),
    }
    if membership.may(Permission.SIGN):
        awaiting = assignments.filter(task__plan=plan, state=AssignmentState.AWAITING_SIGNATURE)
        context["to_sign"] = list(awaiting.select_related("task").order_by("handed_in_at", "pk"))
        context["self_assessments_to_sign"] = [
            row for row in context["self_assessments"] if row.state == SelfAssessmentState.AWAITING_SIGNATURE
        ]
    else:
        context["to_do"] = progress.to_do(assignments.with_requests(), plan=plan, today=today, limit=SHOWN)
        context["editable"] = measured.total.editable
    return context


def _to_rectify(request: HttpRequest) -> list[Rectification]:
    """What the institution has not answered yet, the most urgent first."""
    own = Rectification.objects.visible_to(request.user, acting=request.membership)
    rows = own.filter(state=RectificationState.OPEN).select_related("authority")
    return list(rows.order_by("deadline", "pk")[:SHOWN])


def _self_assessments(request: HttpRequest) -> list[SelfAssessment]:
    """The version that counts now, of each cycle that is open and not over for this institution."""
    own = SelfAssessment.objects.visible_to(request.user, acting=request.membership).latest_versions()
    open_now = Cycle.objects.visible_to(request.user).filter(opens_on__lte=timezone.localdate())
    rows = own.filter(cycle__in=open_now).exclude(state=SelfAssessmentState.ACCEPTED).with_progress()
    return list(rows.select_related("cycle").defer("content").order_by("cycle__due_on"))


def _common(request: HttpRequest) -> dict[str, Any]:
    return {
        "plan": progress.plan_in_force(Plan.objects.visible_to(request.user), timezone.localdate()),
        "report_kind": kind_for(request.membership),
        "report_language": get_language(),
        "accepted_share_rule": progress.ACCEPTED_SHARE_RULE,
        "overdue_rule": progress.OVERDUE_RULE,
    }


def _tiles(figures: progress.Figures, link) -> dict[str, str]:
    """The address behind each figure at the top."""
    return {
        "total": link(),
        "overdue": link(overdue=1),
        **{state.value: link(state=state.value) for state in AssignmentState},
    }
