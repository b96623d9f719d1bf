"""What an institution's people see: each of its matters."""

from __future__ import annotations

from typing import Any

from django.db.models import DateTimeField, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _

from assessments.enums import RectificationState, SelfAssessmentState
from assessments.models import Answer, Rectification, RectificationStep, SelfAssessment
from reports.calendar.entries import Entry, Reader, Wanted
from reports.calendar.enums import EntryKind
from reports.calendar.milestones import milestones
from tasks.models import Assignment


def assignments(reader: Reader, wanted: Wanted) -> list[Entry]:
    rows = Assignment.objects.visible_to(reader.user, acting=reader.membership).filter(deadline__range=wanted.days)
    if wanted.plan:
        rows = rows.filter(task__plan=wanted.plan)
    return [
        Entry(
            key=f"assignment-{row.pk}",
            kind=EntryKind.ASSIGNMENT,
            day=row.deadline,
            title=f"{row.task.number} {row.task.local_title}",
            url=row.get_absolute_url(),
            is_open=not row.is_closed,
            is_overdue=not row.is_closed and row.deadline < wanted.today,
            is_official=row.deadline_is_official,
            state=row.state,
            changed_at=row.changed_at,
        )
        for row in rows.select_related("task").order_by("task__number")
    ]


def self_assessments(reader: Reader, wanted: Wanted) -> list[Entry]:
    """Of each cycle the version that counts now: when it opens, and when it is due."""
    rows = SelfAssessment.objects.visible_to(reader.user, acting=reader.membership).latest_versions()
    rows = rows.filter(Q(cycle__opens_on__range=wanted.days) | Q(cycle__due_on__range=wanted.days))
    if wanted.plan:
        rows = rows.filter(cycle__plan=wanted.plan)
    stamps = [f"{move}_at" for move in ("created", "handed_in", "sent_back", "signed", "reviewed", "withdrawn")]
    rows = rows.annotate(changed_at=Greatest(*stamps)).select_related("cycle").defer("content")
    return [
        Entry(
            key=f"cycle-{row.cycle_id}-{name}",
            kind=EntryKind.SELF_ASSESSMENT,
            day=day,
            title=title % {"title": row.cycle.local_title},
            url=row.get_absolute_url(),
            is_open=row.state != SelfAssessmentState.ACCEPTED,
            is_overdue=name == "due" and row.state != SelfAssessmentState.ACCEPTED and day < wanted.today,
            state=row.state,
            changed_at=row.changed_at,
        )
        for row in rows
        for name, day, title in (
            ("opens", row.cycle.opens_on, _("%(title)s开始")),
            ("due", row.cycle.due_on, _("%(title)s截止")),
        )
        if wanted.has(day)
    ]


def rectifications(reader: Reader, wanted: Wanted) -> list[Entry]:
    rows = Rectification.objects.visible_to(reader.user, acting=reader.membership).filter(deadline__range=wanted.days)
    if wanted.plan:
        rows = rows.of_plan(wanted.plan)
    steps = _latest(RectificationStep.objects.filter(rectification=OuterRef("pk")), "rectification", "at")
    return [
        Entry(
            key=f"rectification-{row.pk}",
            kind=EntryKind.RECTIFICATION,
            day=row.deadline,
            title=row.title,
            url=row.get_absolute_url(),
            is_open=row.state != RectificationState.CLOSED,
            is_overdue=row.state == RectificationState.OPEN and row.deadline < wanted.today,
            state=row.state,
            changed_at=row.changed_at,
        )
        for row in rows.annotate(changed_at=steps)
    ]


def measures(reader: Reader, wanted: Wanted) -> list[Entry]:
    """Whether a measure was carried out, the next self-assessment says: past its day it is neither open nor overdue."""
    signed = SelfAssessment.objects.visible_to(reader.user, acting=reader.membership)
    rows = Answer.objects.planned_measures().filter(self_assessment__in=signed, measure_due_on__range=wanted.days)
    if wanted.plan:
        rows = rows.filter(self_assessment__cycle__plan=wanted.plan)
    rows = rows.select_related("self_assessment", "requirement__task").defer("self_assessment__content")
    return [
        Entry(
            key=f"measure-{row.requirement_id}",
            kind=EntryKind.MEASURE,
            day=row.measure_due_on,
            title=f"{row.requirement.reference} {row.requirement.local_text}",
            url=row.self_assessment.get_absolute_url(),
            is_open=row.measure_due_on >= wanted.today,
            changed_at=row.self_assessment.signed_at,
        )
        for row in rows.order_by("requirement__task__number", "requirement__number")
    ]


def _latest(rows: QuerySet[Any], group: str, stamp: str) -> Subquery:
    latest = rows.order_by().values(group).annotate(latest=Max(stamp)).values("latest")
    return Subquery(latest, output_field=DateTimeField())


SOURCES = {
    EntryKind.MILESTONE: milestones,
    EntryKind.ASSIGNMENT: assignments,
    EntryKind.SELF_ASSESSMENT: self_assessments,
    EntryKind.RECTIFICATION: rectifications,
    EntryKind.MEASURE: measures,
}
