"""The rows behind the figures, each list bounded.

`StandingQuerySet` means today's assignments, or the facts that tell how they stood at the end of a past day; where
something else is read, too, `until` is the end of that day.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

from django.db.models import Case, Count, Exists, FloatField, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Cast, Coalesce, NullIf
from django.utils.translation import gettext_lazy as _

from assessments.enums import Verdict
from assessments.models import Review
from plan.models import Plan
from portal.accounts.models import Institution
from reports.progress.figures import Figures, Line
from tasks.enums import EDITABLE, AssignmentState
from tasks.models import Assignment, AssignmentChange, Submission
from tasks.past import as_it_was
from tasks.querysets import AssignmentQuerySet, StandingQuerySet, past_deadline

S = AssignmentState
SOON_DAYS = 30
ROWS_AT_ONCE = 2000
WORST_RULE = _("进展最慢：逾期任务最多的机构，逾期数相同的按名称排列。")
BEST_RULE = _("进展最快：没有逾期任务、验收率最高的机构，验收率相同的，已验收多的在前。")


class Bounded(NamedTuple):
    """The first rows of a list, and how many there are in all."""

    rows: list[Any]
    total: int

    @property
    def more(self) -> int:
        return self.total - len(self.rows)


def as_assignment(row: Assignment | AssignmentChange, day: datetime.date, *annotated: str) -> Assignment:
    """The assignment that a row of either kind tells of on the day, with what was annotated under these names."""
    if isinstance(row, Assignment):
        return row
    assignment = as_it_was(row, day)
    for name in annotated:
        setattr(assignment, name, getattr(row, name))
    return assignment


def by_institution(standing: StandingQuerySet, *, plan: Plan, today: datetime.date, limit: int) -> Bounded:
    """One line for each institution, those with most overdue first, in three queries."""
    lines = list(each_institution(standing, plan=plan, today=today, limit=limit))
    rows = standing.of_plan(plan).order_by()
    return Bounded(lines, rows.aggregate(n=Count("institution", distinct=True))["n"])


def each_institution(standing: StandingQuerySet, *, plan: Plan, today: datetime.date, limit: int) -> Iterator[Line]:
    """The lines of `by_institution` from a cursor, so that many need no more memory than some."""
    worst_first = _grouped(standing.of_plan(plan), today).order_by("-late", "institution__name", "institution")
    counted = worst_first[:limit].iterator(ROWS_AT_ONCE)
    while some := list(islice(counted, ROWS_AT_ONCE)):
        yield from _lines(some)


def best_institutions(standing: StandingQuerySet, *, plan: Plan, today: datetime.date, limit: int) -> list[Line]:
    """Those with nothing overdue whose accepted share is highest, in two queries; by BEST_RULE."""
    rows = standing.of_plan(plan)
    applicable = Count("pk", filter=~Q(**{rows.state_field: S.NOT_APPLICABLE}))
    ranked = _grouped(rows, today).annotate(share=Cast(S.ACCEPTED.value, FloatField()) / NullIf(applicable, 0))
    best = ranked.filter(late=0, **{f"{S.ACCEPTED.value}__gt": 0}).order_by(
        "-share", f"-{S.ACCEPTED.value}", "institution__name", "institution"
    )
    return _lines(list(best[:limit]))


def _grouped(rows: StandingQuerySet, today: datetime.date) -> Any:
    """By institution, how many stand in each state, and how many are `late`."""
    counts = {state: Count("pk", filter=Q(**{rows.state_field: state})) for state in S.values}
    late = Count("pk", filter=past_deadline(today, rows.state_field, rows.deadline_field))
    return rows.order_by().values("institution").annotate(late=late, **counts)


def _lines(grouped: list[dict[str, Any]]) -> list[Line]:
    institutions = Institution.objects.select_related("region").in_bulk([line["institution"] for line in grouped])
    return [
        Line(
            institutions[line["institution"]],
            Figures(Counter({state: line[state] for state in S.values}), line["late"]),
        )
        for line in grouped
    ]


class Late(NamedTuple):
    """An assignment past its deadline, and by how many days on the day of the page or report."""

    assignment: Assignment
    days: int


def overdue_list(standing: StandingQuerySet, *, plan: Plan, today: datetime.date, limit: int) -> list[Late]:
    """The overdue assignments, oldest deadline first, with their institutions' regions."""
    return [_late(row, today) for row in _earliest(standing.of_plan(plan).overdue(today))[:limit]]


def each_overdue(standing: StandingQuerySet, *, plan: Plan, today: datetime.date, limit: int) -> Iterator[Late]:
    """The rows of `overdue_list` from a cursor, so that many need no more memory than some."""
    found = _earliest(standing.of_plan(plan).overdue(today))[:limit]
    return (_late(row, today) for row in found.iterator(ROWS_AT_ONCE))


def standing_list(standing: StandingQuerySet, *, today: datetime.date, limit: int) -> Bounded:
    """Every assignment with how many days it is late: the overdue first, then by deadline and name. In two queries."""
    return Bounded(list(each_standing(standing, today=today, limit=limit)), standing.count())


def each_standing(standing: StandingQuerySet, *, today: datetime.date, limit: int) -> Iterator[Late]:
    """The rows of `standing_list` from a cursor, so that many need no more memory than some."""
    is_late = past_deadline(today, standing.state_field, standing.deadline_field)
    rows = _with_shown(standing).alias(place=Case(When(is_late, then=Value(0)), default=Value(1)))
    found = rows.order_by("place", standing.deadline_field, "institution__name", f"{standing.path}pk")[:limit]
    return (_late(row, today) for row in found.iterator(ROWS_AT_ONCE))


def _late(row: Assignment | AssignmentChange, today: datetime.date) -> Late:
    assignment = as_assignment(row, today)
    return Late(assignment, days_late(assignment, today))


def _earliest(standing: StandingQuerySet) -> StandingQuerySet:
    return _with_shown(standing).order_by(standing.deadline_field, f"{standing.path}pk")


def _with_shown(standing: StandingQuerySet) -> StandingQuerySet:
    return standing.select_related(f"{standing.path}task", f"{standing.path}institution__region")


def days_late(assignment: Assignment, today: datetime.date) -> int:
    """Whole days since the deadline's day; 0 for what is not overdue."""
    return 0 if assignment.is_closed else max((today - assignment.deadline).days, 0)


def nearest_deadlines(standing: StandingQuerySet, *, plan: Plan, today: datetime.date, limit: int) -> list[Assignment]:
    """What is still open and not yet overdue, nearest deadline first."""
    found = _earliest(standing.of_plan(plan).open().due_since(today))[:limit]
    return [as_assignment(row, today) for row in found]


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


HISTORY = ("submission_count", "last_verdict", "last_verdict_at")


def with_history(standing: StandingQuerySet, until: datetime.datetime | None = None) -> StandingQuerySet:
    """Annotate `submission_count`, `last_verdict` and `last_verdict_at`: what was signed, and how it was judged."""
    assignment = OuterRef(f"{standing.path}pk")
    submissions = Submission.objects.filter(assignment=assignment).order_by()
    reviews = Review.objects.filter(submission__assignment=assignment).order_by("-created_at")
    if until:
        submissions, reviews = submissions.filter(signed_at__lt=until), reviews.filter(created_at__lt=until)
    counted = submissions.values("assignment").annotate(n=Count("pk")).values("n")
    return standing.annotate(
        submission_count=Coalesce(Subquery(counted, output_field=IntegerField()), 0),
        last_verdict=Subquery(reviews.values("verdict")[:1]),
        last_verdict_at=Subquery(reviews.values("created_at")[:1]),
    )


def open_returns(
    reviews: QuerySet[Review], standing: StandingQuerySet, until: datetime.datetime | None = None
) -> QuerySet[Review]:
    """Returns that no later submission has answered yet, by task, with the reasons for each requirement."""
    later = Submission.objects.filter(
        assignment=OuterRef("submission__assignment"), number__gt=OuterRef("submission__number")
    )
    if until:
        later, reviews = later.filter(signed_at__lt=until), reviews.filter(created_at__lt=until)
    still_open = standing.open().order_by().values(f"{standing.path}pk")
    return (
        reviews.filter(~Exists(later), verdict=Verdict.RETURNED, submission__assignment__in=still_open)
        .select_related("submission__assignment__task", "authority")
        .prefetch_related("remarks__requirement__task")
        .order_by("submission__assignment__task__number", "pk")
    )


def plan_in_force(plans: QuerySet[Plan], today: datetime.date) -> Plan | None:
    """The plan that `today` falls into; without one, the latest."""
    latest = plans.order_by("-starts_on", "slug")
    return latest.filter(starts_on__lte=today, ends_on__gte=today).first() or latest.first()
