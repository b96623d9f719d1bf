"""What supervisors see: how many institutions of their scope have something due on a day, each group one entry.

Counting is SQL's work, one grouped query a kind. A group is as long as the list behind its link.
"""

from __future__ import annotations

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assessments.enums import RectificationState, SelfAssessmentState
from assessments.models import Answer, Cycle, Rectification, SelfAssessment
from plan.models import Task
from portal.accounts.enums import Permission
from reports.calendar.entries import Entry, Reader, Tally, Wanted
from reports.calendar.enums import EntryKind
from reports.calendar.milestones import milestones
from reports.links import tasks_url
from tasks.enums import CLOSED
from tasks.models import Assignment
from tasks.querysets import past_deadline

INSTITUTIONS = Count("institution", distinct=True)


def assignments(reader: Reader, wanted: Wanted) -> list[Entry]:
    """One a task and day; an institution has each task once."""
    rows = Assignment.objects.visible_to(reader.user, acting=reader.membership).filter(deadline__range=wanted.days)
    if wanted.plan:
        rows = rows.filter(task__plan=wanted.plan)
    groups = (
        rows.order_by()
        .values_list("deadline", "task__number", "task")
        .annotate(
            institutions=Count("pk"),
            unclosed=Count("pk", filter=~Q(state__in=CLOSED)),
            overdue=Count("pk", filter=past_deadline(wanted.today)),
            provisional=Count("pk", filter=Q(deadline_is_official=False)),
        )
    )
    found = sorted(groups)
    tasks = Task.objects.select_related("plan").in_bulk({task for _day, _number, task, *_counts in found})
    return [
        Entry(
            key=f"task-{task.pk}-{day}",
            kind=EntryKind.ASSIGNMENT,
            day=day,
            title=f"{task.number} {task.local_title}",
            url=tasks_url(task.plan, task=task.number, deadline=day),
            is_open=unclosed > 0,
            is_overdue=overdue > 0,
            is_official=not provisional,
            tally=Tally(institutions, unclosed, overdue),
            overdue_url=tasks_url(task.plan, task=task.number, deadline=day, overdue=1),
        )
        for day, _number, pk, institutions, unclosed, overdue, provisional in found
        for task in [tasks[pk]]
    ]


def self_assessments(reader: Reader, wanted: Wanted) -> list[Entry]:
    """Of each cycle when it opens and when it is due. As in the list behind, drafts count with those of the scope."""
    cycles = Cycle.objects.visible_to(reader.user)
    cycles = cycles.filter(Q(opens_on__range=wanted.days) | Q(due_on__range=wanted.days))
    if wanted.plan:
        cycles = cycles.filter(plan=wanted.plan)
    rows = SelfAssessment.objects.supervised_by(reader.user, Permission.SUPERVISE, reader.membership)
    accepted = Count("pk", filter=Q(state=SelfAssessmentState.ACCEPTED))  # at most one an institution
    groups = rows.filter(cycle__in=cycles).order_by().values_list("cycle")
    groups = groups.annotate(institutions=INSTITUTIONS, accepted=accepted)
    found = {cycle: (institutions, institutions - done) for cycle, institutions, done in groups}
    return [
        Entry(
            key=f"cycle-{cycle.pk}-{name}",
            kind=EntryKind.SELF_ASSESSMENT,
            day=day,
            title=title % {"title": cycle.local_title},
            url=_listed("assessments:list", cycle=cycle.pk),
            is_open=unclosed > 0,
            is_overdue=is_late and unclosed > 0,
            tally=Tally(institutions, unclosed, unclosed if is_late else 0),
        )
        for cycle in cycles.order_by("due_on", "pk")
        if cycle.pk in found
        for institutions, unclosed in [found[cycle.pk]]
        for name, day, title, is_late in (
            ("opens", cycle.opens_on, _("%(title)s开始"), False),
            ("due", cycle.due_on, _("%(title)s截止"), cycle.due_on < wanted.today),
        )
        if wanted.has(day)
    ]


def rectifications(reader: Reader, wanted: Wanted) -> list[Entry]:
    """One a day."""
    rows = Rectification.objects.visible_to(reader.user, acting=reader.membership).filter(deadline__range=wanted.days)
    if wanted.plan:
        rows = rows.of_plan(wanted.plan)
    unclosed, late = ~Q(state=RectificationState.CLOSED), Q(state=RectificationState.OPEN, deadline__lt=wanted.today)
    groups = (
        rows.order_by()
        .values_list("deadline")
        .annotate(
            institutions=INSTITUTIONS,
            matters=Count("pk"),
            unclosed=Count("pk", filter=unclosed),
            overdue=Count("pk", filter=late),
        )
    )
    return [
        Entry(
            key=f"rectifications-{day}",
            kind=EntryKind.RECTIFICATION,
            day=day,
            title=ngettext("%(number)s 项", "%(number)s 项", matters) % {"number": matters},
            url=_listed("assessments:rectifications", deadline=day, state="all"),
            is_open=unclosed > 0,
            is_overdue=overdue > 0,
            tally=Tally(institutions, unclosed, overdue),
            overdue_url=_listed("assessments:rectifications", deadline=day, overdue=1),
        )
        for day, institutions, matters, unclosed, overdue in groups
    ]


def measures(reader: Reader, wanted: Wanted) -> list[Entry]:
    """One a cycle and day. Past their day nobody knows, as in `own.measures`."""
    signed = SelfAssessment.objects.visible_to(reader.user, acting=reader.membership)
    rows = Answer.objects.planned_measures().filter(self_assessment__in=signed, measure_due_on__range=wanted.days)
    if wanted.plan:
        rows = rows.filter(self_assessment__cycle__plan=wanted.plan)
    groups = (
        rows.order_by()
        .values_list("measure_due_on", "self_assessment__cycle")
        .annotate(institutions=Count("self_assessment__institution", distinct=True), matters=Count("pk"))
    )
    return [
        Entry(
            key=f"measures-{cycle}-{day}",
            kind=EntryKind.MEASURE,
            day=day,
            title=ngettext("%(number)s 项", "%(number)s 项", matters) % {"number": matters},
            url=_listed("assessments:list", cycle=cycle),
            is_open=day >= wanted.today,
            tally=Tally(institutions, matters if day >= wanted.today else None),
        )
        for day, cycle, institutions, matters in sorted(groups)
    ]


def _listed(name: str, **filters: object) -> str:
    return f"{reverse(name)}?{urlencode(filters)}"


SOURCES = {
    EntryKind.MILESTONE: milestones,
    EntryKind.ASSIGNMENT: assignments,
    EntryKind.SELF_ASSESSMENT: self_assessments,
    EntryKind.RECTIFICATION: rectifications,
    EntryKind.MEASURE: measures,
}
