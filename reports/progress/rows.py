"""The rows behind the figures, each list bounded."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

from django.db.models import Case, Count, Exists, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from assessments.enums import Verdict
from assessments.models import Review
from plan.models import Plan
from portal.accounts.models import Institution
from reports.progress.figures import Figures, Line
from tasks.enums import EDITABLE, AssignmentState
from tasks.models import Assignment, Submission
from tasks.past import as_it_was
from tasks.querysets import AssignmentQuerySet, StandingQuerySet, past_deadline

S = AssignmentState
SOON_DAYS = 30
ROWS_AT_ONCE = 2000


class Bounded(NamedTuple):
    """The first rows of a list, and how many there are in all."""

    rows: list[Any]
    total: int

    @property
    def more(self) -> int:
        return self.total - len(self.rows)


def by_institution(assignments: AssignmentQuerySet, *, plan: Plan, today: datetime.date, limit: int) -> Bounded:
    """One line for each institution, those with most overdue first, in three queries."""
    lines = list(each_institution(assignments, plan=plan, today=today, limit=limit))
    rows = assignments.filter(task__plan=plan).order_by()
    return Bounded(lines, rows.aggregate(n=Count("institution", distinct=True))["n"])


def each_institution(
    assignments: AssignmentQuerySet, *, plan: Plan, today: datetime.date, limit: int
) -> Iterator[Line]:
    """The lines of `by_institution` from a cursor, so that many need no more memory than some."""
    counts = {state: Count("pk", filter=Q(state=state)) for state in S.values}
    counted = (
        assignments.filter(task__plan=plan)
        .order_by()
        .values("institution")
        .annotate(late=Count("pk", filter=past_deadline(today)), **counts)
        .order_by("-late", "institution__name", "institution")[:limit]
        .iterator(ROWS_AT_ONCE)
    )
    while some := list(islice(counted, ROWS_AT_ONCE)):
        institutions = Institution.objects.select_related("region").in_bulk([line["institution"] for line in some])
        for line in some:
            figures = Figures(Counter({state: line[state] for state in S.values}), line["late"])
            yield Line(institutions[line["institution"]], figures)


class Late(NamedTuple):
    """An assignment past its deadline, and by how many days on the day of the page or report."""

    assignment: Assignment
    days: int


def overdue_list(assignments: StandingQuerySet, *, plan: Plan, today: datetime.date, limit: int) -> list[Late]:
    """The overdue assignments, oldest deadline first."""
    found = _earliest(assignments.of_plan(plan).overdue(today))[:limit]
    return [_late(row, today) for row in found]


def each_overdue(assignments: StandingQuerySet, *, plan: Plan, today: datetime.date, limit: int) -> Iterator[Late]:
    """The rows of `overdue_list` from a cursor, so that many need no more memory than some."""
    found = _earliest(assignments.of_plan(plan).overdue(today))[:limit]
    return (_late(row, today) for row in found.iterator(ROWS_AT_ONCE))


def _late(row: Any, today: datetime.date) -> Late:
    assignment = _as_assignment(row, today)
    return Late(assignment, days_late(assignment, today))


def _earliest(rows: StandingQuerySet) -> StandingQuerySet:
    """By deadline, with what is shown of each."""
    found = rows.select_related(f"{rows.path}task", f"{rows.path}institution")
    return found.order_by(rows.deadline_field, f"{rows.path}pk")


def _as_assignment(row: Any, day: datetime.date) -> Assignment:
    """Of a fact, the assignment as it tells of it."""
    return row if isinstance(row, Assignment) else as_it_was(row, day)


def days_late(assignment: Assignment, today: datetime.date) -> int:
    """Whole days since the deadline's day; 0 for what is not overdue."""
    return 0 if assignment.is_closed else max((today - assignment.deadline).days, 0)


def nearest_deadlines(
    assignments: StandingQuerySet, *, plan: Plan, today: datetime.date, limit: int
) -> list[Assignment]:
    """What is still open and not yet overdue, nearest deadline first."""
    found = _earliest(assignments.of_plan(plan).open().due_since(today))[:limit]
    return [_as_assignment(row, today) for row in found]


def to_do(assignments: AssignmentQuerySet, *, plan: Plan, today: datetime.date, limit: int) -> QuerySet:
    """What the institution's people have to work on, most urgent first.

    Returned by the supervisor, then overdue, then due within 30 days, then sent back by the CIO, then the rest.
    """
    urgency = Case(
        When(state=S.RETURNED, then=Value(0)),
        When(deadline__lt=today, then=Value(1)),
        When(deadline__lte=today + datetime.timedelta(days=SOON_DAYS), then=Value(2)),
        When(state=S.IN_PROGRESS, sent_back_at__isnull=False, then=Value(3)),
        default=Value(4),
    )
    rows = assignments.filter(task__plan=plan, state__in=EDITABLE).annotate(urgency=urgency)
    return rows.select_related("task").order_by("urgency", "deadline", "task__number")[:limit]


def with_history(assignments: AssignmentQuerySet) -> AssignmentQuerySet:
    """Annotate `submission_count`, `last_verdict` and `last_verdict_at`: what was signed, and how it was judged."""
    submissions = Submission.objects.filter(assignment=OuterRef("pk")).order_by()
    reviews = Review.objects.filter(submission__assignment=OuterRef("pk")).order_by("-created_at")
    counted = submissions.values("assignment").annotate(n=Count("pk")).values("n")
    return assignments.annotate(
        submission_count=Coalesce(Subquery(counted, output_field=IntegerField()), 0),
        last_verdict=Subquery(reviews.values("verdict")[:1]),
        last_verdict_at=Subquery(reviews.values("created_at")[:1]),
    )


def open_returns(
    reviews: QuerySet[Review], assignments: StandingQuerySet, until: datetime.datetime | None = None
) -> QuerySet[Review]:
    """Returns that no later submission has answered yet, now or at the moment `until`, by task, with the reasons for
    each requirement. Reviews and assignments are those of that moment.
    """
    later = Submission.objects.filter(
        assignment=OuterRef("submission__assignment"), number__gt=OuterRef("submission__number")
    )
    if until:
        later = later.filter(signed_at__lt=until)
    is_open = assignments.open().order_by().values(f"{assignments.path}pk")
    return (
        reviews.filter(~Exists(later), verdict=Verdict.RETURNED, submission__assignment__in=is_open)
        .select_related("submission__assignment__task", "authority")
        .prefetch_related("remarks__requirement__task")
        .order_by("submission__assignment__task__number", "pk")
    )


def plan_in_force(plans: QuerySet[Plan], today: datetime.date) -> Plan | None:
    """The plan that `today` falls into; without one, the latest."""
    latest = plans.order_by("-starts_on", "slug")
    return latest.filter(starts_on__lte=today, ends_on__gte=today).first() or latest.first()
