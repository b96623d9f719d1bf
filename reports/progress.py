"""Every figure of the portal, defined once. Pages, PDFs and the API all read it from here.

The functions take `Assignment` rows that already came through `visible_to`, so a figure never counts a row that
its reader may not see, and a `today`, so that everything on one page or in one report speaks of the same day.
Counting is SQL's work: the cells of theme × kind come from one grouped scan, however many institutions there are.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from django.db.models import Case, Count, Exists, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from assessments.enums import Verdict
from assessments.models import Review
from plan.models import Plan, Task, Theme
from portal.accounts.enums import InstitutionKind
from portal.accounts.models import Institution, Region
from tasks.enums import EDITABLE, AssignmentState
from tasks.models import Assignment, Submission
from tasks.querysets import AssignmentQuerySet, past_deadline

S = AssignmentState
SOON_DAYS = 30

ACCEPTED_SHARE_RULE = _("验收率 = 已验收 ÷（任务总数 − 不适用），以百分比表示，四舍五入保留一位小数。")
OVERDUE_RULE = _("已逾期：完成期限已过（期限当日 24 时截止），且未验收、未认定不适用。")


@dataclass(frozen=True)
class Figures:
    """What is counted of any set of assignments."""

    states: Counter[str] = field(default_factory=Counter)
    overdue: int = 0

    def __add__(self, other: Figures) -> Figures:
        return Figures(self.states + other.states, self.overdue + other.overdue)

    @property
    def total(self) -> int:
        return self.states.total()

    @property
    def accepted(self) -> int:
        return self.states[S.ACCEPTED]

    @property
    def returned(self) -> int:
        return self.states[S.RETURNED]

    @property
    def not_applicable(self) -> int:
        return self.states[S.NOT_APPLICABLE]

    @property
    def waiting_for_review(self) -> int:
        """Signed, and not yet judged by a supervisor."""
        return self.states[S.SUBMITTED]

    @property
    def waiting_for_signature(self) -> int:
        return self.states[S.AWAITING_SIGNATURE]

    @property
    def editable(self) -> int:
        """In the hands of the institution's people: not started, in progress, or returned."""
        return sum(self.states[state] for state in EDITABLE)

    @property
    def applicable(self) -> int:
        return self.total - self.not_applicable

    @property
    def accepted_share(self) -> Decimal | None:
        """Accepted of those that apply, in percent, one decimal, half up; None when none applies."""
        return percent(self.accepted, self.applicable)

    @property
    def overdue_share(self) -> Decimal | None:
        """Overdue of those that apply, in percent, one decimal, half up; None when none applies."""
        return percent(self.overdue, self.applicable)

    @property
    def accepted_percent(self) -> str:
        return in_words(self.accepted_share)

    @property
    def overdue_percent(self) -> str:
        return in_words(self.overdue_share)


def percent(part: int, whole: int) -> Decimal | None:
    if not whole:
        return None
    return (Decimal(part * 100) / whole).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)


def in_words(share: Decimal | None) -> str:
    """A share as it is printed; a dash where there is nothing to take a share of."""
    return "–" if share is None else f"{share}%"


class Line(NamedTuple):
    """The figures of one theme, kind, task, region or institution."""

    subject: Any
    figures: Figures


@dataclass(frozen=True)
class Progress:
    """Figures of a plan's assignments by task and kind of institution, and whatever adds up from them."""

    today: datetime.date
    tasks: list[Task]
    cells: Mapping[tuple[int, str], Figures]

    @property
    def total(self) -> Figures:
        return _sum(self.cells.values())

    @property
    def themes(self) -> list[Theme]:
        return list({task.theme_id: task.theme for task in self.tasks}.values())

    @property
    def kinds(self) -> list[InstitutionKind]:
        """The kinds that take part, in their usual order."""
        present = {kind for _task, kind in self.cells}
        return [kind for kind in InstitutionKind if kind in present]

    def of(self, theme: Theme | None = None, kind: InstitutionKind | None = None) -> Figures:
        tasks = {task.pk for task in self.tasks if theme is None or task.theme_id == theme.pk}
        return _sum(
            figures for (task, of_kind), figures in self.cells.items() if task in tasks and kind in (None, of_kind)
        )

    @property
    def by_theme(self) -> list[Line]:
        return [Line(theme, self.of(theme=theme)) for theme in self.themes]

    @property
    def by_kind(self) -> list[Line]:
        return [Line(kind, self.of(kind=kind)) for kind in self.kinds]

    @property
    def by_task(self) -> list[Line]:
        return [
            Line(task, _sum(figures for (pk, _kind), figures in self.cells.items() if pk == task.pk))
            for task in self.tasks
        ]


def _sum(figures: Iterable[Figures]) -> Figures:
    return sum(figures, Figures())


def measure(assignments: AssignmentQuerySet, *, plan: Plan, today: datetime.date) -> Progress:
    """The plan's progress over those assignments, in two queries."""
    tasks = list(Task.objects.filter(plan=plan).select_related("theme").order_by("number"))
    counted = _grouped(assignments.filter(task__plan=plan), today, "task", "institution__kind")
    cells: dict[tuple[int, str], Figures] = {}
    for task, kind, state, count, late in counted:
        cells[task, kind] = cells.get((task, kind), Figures()) + Figures(Counter({state: count}), late)
    return Progress(today=today, tasks=tasks, cells=cells)


def _grouped(assignments: AssignmentQuerySet, today: datetime.date, *dimensions: str) -> QuerySet:
    """Tuples of the dimensions, the state, how many there are, and how many of them are overdue."""
    return (
        assignments.order_by()
        .values_list(*dimensions, "state")
        .annotate(count=Count("pk"), late=Count("pk", filter=past_deadline(today)))
    )


def by_region(assignments: AssignmentQuerySet, *, plan: Plan, today: datetime.date) -> list[Line]:
    """One line for each region that has an institution in it, in two queries."""
    found: dict[int, Figures] = {}
    for region, state, count, late in _grouped(assignments.filter(task__plan=plan), today, "institution__region"):
        found[region] = found.get(region, Figures()) + Figures(Counter({state: count}), late)
    return [Line(region, found[region.pk]) for region in Region.objects.filter(pk__in=found)]


class Bounded(NamedTuple):
    """The first rows of a list, and how many there are in all."""

    rows: list[Any]
    total: int

    @property
    def more(self) -> int:
        return self.total - len(self.rows)


def by_institution(assignments: AssignmentQuerySet, *, plan: Plan, today: datetime.date, limit: int) -> Bounded:
    """One line for each institution, those with most overdue first, in three queries."""
    rows = assignments.filter(task__plan=plan).order_by()
    counts = {state: Count("pk", filter=Q(state=state)) for state in S.values}
    lines = (
        rows.values("institution")
        .annotate(late=Count("pk", filter=past_deadline(today)), **counts)
        .order_by("-late", "institution__name", "institution")[:limit]
    )
    found = {
        line["institution"]: Figures(Counter({state: line[state] for state in S.values}), line["late"])
        for line in lines
    }
    institutions = Institution.objects.select_related("region").in_bulk(found)
    return Bounded(
        [Line(institutions[pk], figures) for pk, figures in found.items()],
        rows.aggregate(n=Count("institution", distinct=True))["n"],
    )


class Late(NamedTuple):
    """An assignment past its deadline, and by how many days on the day of the page or report."""

    assignment: Assignment
    days: int


def overdue_list(assignments: AssignmentQuerySet, *, plan: Plan, today: datetime.date, limit: int) -> list[Late]:
    """The overdue assignments, oldest deadline first."""
    rows = (
        assignments.filter(task__plan=plan)
        .overdue(today)
        .select_related("task__theme", "institution__region")
        .order_by("deadline", "pk")[:limit]
    )
    return [Late(row, days_late(row, today)) for row in rows]


def days_late(assignment: Assignment, today: datetime.date) -> int:
    """Whole days since the deadline's day; 0 for what is not overdue."""
    return 0 if assignment.is_closed else max((today - assignment.deadline).days, 0)


def nearest_deadlines(assignments: AssignmentQuerySet, *, plan: Plan, today: datetime.date, limit: int) -> QuerySet:
    """What is still open and not yet overdue, nearest deadline first."""
    rows = assignments.filter(task__plan=plan).open().filter(deadline__gte=today)
    return rows.select_related("task", "institution").order_by("deadline", "pk")[:limit]


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


def open_returns(reviews: QuerySet[Review], assignments: AssignmentQuerySet) -> QuerySet[Review]:
    """Returns that no later submission has answered yet, by task, with the reasons for each requirement."""
    later = Submission.objects.filter(
        assignment=OuterRef("submission__assignment"), number__gt=OuterRef("submission__number")
    )
    return (
        reviews.filter(
            ~Exists(later), verdict=Verdict.RETURNED, submission__assignment__in=assignments.open().order_by()
        )
        .select_related("submission__assignment__task", "authority")
        .prefetch_related("remarks__requirement__task")
        .order_by("submission__assignment__task__number", "pk")
    )


def plan_in_force(plans: QuerySet[Plan], today: datetime.date) -> Plan | None:
    """The plan that `today` falls into; without one, the latest."""
    now = Case(When(starts_on__lte=today, ends_on__gte=today, then=Value(0)), default=Value(1))
    return plans.order_by(now, "-starts_on", "slug").first()
