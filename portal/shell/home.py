"""What the first page shows to each role: what waits for this person, and where things stand.

All figures come from `reports`, over what the person sees in the body acted for; docs/home.md says why it is so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language

from assessments.enums import RectificationState, SelfAssessmentState
from assessments.models import Cycle, Rectification, SelfAssessment
from assessments.permissions import can_open_cycle
from assessments.queue import Queue
from plan.models import Plan, Task
from portal.accounts.enums import Permission
from portal.accounts.models import Authority, Institution
from portal.keyset import bounded_count
from reports import progress
from reports.charts import heat_map, state_chart
from reports.links import tasks_link
from reports.permissions import kind_for
from reports.progress import supervision
from reports.progress.changes import changes, since_when
from reports.progress.own import OWN_PROGRESS_RULE, against_schedule, others_of_kind, own_first, tasks_given_to
from tasks.enums import AssignmentState, RequestKind
from tasks.models import Assignment, ChangeRequest
from tasks.querysets import AssignmentQuerySet

# An institution's lists hold its own work, a supervisor's the most urgent of many.
OWN_SHOWN = 8
SHOWN = 5
ALL_OWN = 500
AUTHORITIES_SHOWN = 8


def supervisor_home(request: HttpRequest) -> dict[str, Any]:
    membership, today = request.membership, timezone.localdate()
    context = _common(request)
    plan = context["plan"]
    if plan is None:
        return context
    institutions = Institution.objects.visible_to(request.user, acting=membership)
    assignments = Assignment.objects.visible_to(request.user, acting=membership)
    position = progress.position(institutions, plan=plan, day=today)
    measured = position.progress
    link = tasks_link(plan)
    return context | {
        "figures": measured.total,
        "by_theme": measured.by_theme,
        "chart": state_chart(measured.total, link),
        "heat": heat_map(measured, link),
        "tiles": _tiles(measured.total, link),
        "may_open_cycle": can_open_cycle(request.user),
        "may_urge": membership.may(Permission.URGE),
        **_queue(request),
        "ageing": [(age, link(**age.filters)) for age in supervision.ageing(position)],
        **_late(assignments, plan, measured.tasks, link),
        **_rectifications(request),
        **_requests(request),
        **_load(request),
        "changes": changes(request.user, membership, since=since_when(membership, timezone.now()), limit=SHOWN),
        "now": timezone.now().isoformat(),
    }


def _late(assignments: AssignmentQuerySet, plan: Plan, tasks: list[Task], link: Callable[..., str]) -> dict[str, Any]:
    """What is late by how much, what was returned and waits, and what comes this week."""
    today = timezone.localdate()
    returned, returned_count = supervision.unanswered(assignments, plan=plan, today=today, limit=SHOWN)
    week = supervision.this_week(assignments, plan=plan, tasks=tasks, today=today)
    return {
        "overdue": progress.overdue_list(assignments, plan=plan, today=today, limit=SHOWN),
        "returned": returned,
        "returned_count": returned_count,
        "returned_url": link(review="unanswered"),
        "unanswered_rule": supervision.UNANSWERED_RULE,
        "week": week,
        "week_lines": [
            (due, link(task=due.task.number, deadline=due.deadline.isoformat(), to_act_on=1))
            for due in week.lines[:SHOWN]
        ],
    }


def _load(request: HttpRequest) -> dict[str, Any]:
    """For lead supervisors, how much waits for each authority in their scope, and how fast it judges."""
    if not request.membership.may(Permission.CONFIRM_REVIEWS):
        return {}
    authorities = Authority.objects.within(request.membership.authority)
    loads = supervision.load(authorities, today=timezone.localdate())
    return {
        "load_at": loads.at,
        "load": loads.lines[:AUTHORITIES_SHOWN],
        "more_load": loads.lines[AUTHORITIES_SHOWN:],
        "load_rule": supervision.LOAD_RULE,
    }


def _queue(request: HttpRequest) -> dict[str, Any]:
    """What the person may judge, oldest first; nothing for an observer."""
    if not request.membership.may(Permission.REVIEW):
        return {"may_review": False}
    queue = Queue(request.user, request.membership)
    count, more = queue.count()
    return {"may_review": True, "queue": queue.items(limit=SHOWN), "queue_count": count, "queue_more": more}


def _rectifications(request: HttpRequest) -> dict[str, Any]:
    """How many are open in the scope, and the most urgent of them."""
    rows = Rectification.objects.visible_to(request.user, request.membership)
    urgent = rows.unclosed().select_related("institution").order_by("deadline", "pk")
    return {
        "rectification_tally": rows.tally(timezone.localdate(), request.membership.authority),
        "rectifications": urgent[:SHOWN],
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
    link = tasks_link(plan)
    context |= {
        "figures": measured.total,
        "by_theme": measured.by_theme,
        "chart": state_chart(measured.total, link),
        "tiles": _tiles(measured.total, link),
        "self_assessments": _self_assessments(request),
        "rectifications": _to_rectify(request),
        "nearest": progress.nearest_deadlines(assignments, plan=plan, today=today, limit=OWN_SHOWN),
        "overdue": progress.overdue_list(assignments, plan=plan, today=today, limit=OWN_SHOWN),
    }
    if membership.may(Permission.SIGN):
        awaiting = assignments.filter(task__plan=plan, state=AssignmentState.AWAITING_SIGNATURE)
        context |= _own_progress(request, assignments, plan)
        context["to_sign"] = list(awaiting.select_related("task").order_by("handed_in_at", "pk"))
        context["self_assessments_to_sign"] = [
            row for row in context["self_assessments"] if row.state == SelfAssessmentState.AWAITING_SIGNATURE
        ]
    else:
        given = tasks_given_to(request.user, membership, plan=plan, today=today)
        work = progress.to_do(assignments.with_requests(), plan=plan, today=today, limit=ALL_OWN)
        context["to_do"] = own_first(work, given)[:OWN_SHOWN]
        context["given"] = given
        context["editable"] = measured.total.editable
    return context


def _own_progress(request: HttpRequest, assignments: AssignmentQuerySet, plan: Plan) -> dict[str, Any]:
    """Against the plan's schedule, and against the others of the kind."""
    return {
        "schedule": against_schedule(assignments, plan=plan, today=timezone.localdate()),
        "others": others_of_kind(request.membership.institution, plan),
        "own_progress_rule": OWN_PROGRESS_RULE,
    }


def _to_rectify(request: HttpRequest) -> list[Rectification]:
    """What the institution has not answered yet, the most urgent first."""
    own = Rectification.objects.visible_to(request.user, acting=request.membership)
    rows = own.filter(state=RectificationState.OPEN).select_related("authority")
    return list(rows.order_by("deadline", "pk")[:OWN_SHOWN])


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
