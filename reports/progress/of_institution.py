"""Figures of one institution: its course against the schedule, what it did late, and where it stands among others.

Like those of `progress.py`, the functions take rows that already came through `visible_to`, and count in SQL.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from typing import Any, NamedTuple

from django.db.models import (
    Count,
    DateField,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
)
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, ExtractQuarter, ExtractYear, TruncDate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments.enums import Verdict
from assessments.models import Remark, Review, Score, SelfAssessment
from assessments.querysets import SelfAssessmentQuerySet
from assessments.scores import rounded
from plan.models import Plan, Task
from reports.comparison import Compared, Standing
from tasks.enums import CLOSED, AssignmentState, RequestKind, RequestState
from tasks.models import ChangeRequest, Evidence, Submission
from tasks.querysets import StandingQuerySet, SubmissionQuerySet
from vault.file_types import BY_CONTENT_TYPE

IN_TIME = datetime.timedelta(0)

SCHEDULE_RULE = gettext_lazy("应完成：完成期限已过的任务数，不含不适用；期限为现行期限，已计入同意的延期。")
LATE_RULE = gettext_lazy(
    "逾期签署：签署日期晚于签署时期限的版本数；任务报送按任务的完成期限，自评按周期的截止日期；已撤回的版本不计。"
)
RETURNED_TASKS_RULE = gettext_lazy("退回次数：任务报送被退回的次数，与自评中该任务有要求被退回的版本数，分别计算。")
PEERS_RULE = gettext_lazy(
    "名次取同一周期已验收自评的总分，由高到低，得分相同的名次并列；范围是您监管范围内的同类机构，以及其中同地区的机构。"
)


# --- Schedule ---------------------------------------------------------------------------------------------


class Scheduled(NamedTuple):
    """What the schedule asks: how many that apply are past their deadline, and the next deadline of what is open."""

    due: int = 0
    next_deadline: datetime.date | None = None


def schedule_by_theme(assignments: StandingQuerySet, *, plan: Plan, today: datetime.date) -> dict[int, Scheduled]:
    """By the theme's id, in one query."""
    rows = assignments.of_plan(plan).order_by()
    state, deadline = rows.state_field, rows.deadline_field
    is_due = Q(**{f"{deadline}__lt": today}) & ~Q(**{state: AssignmentState.NOT_APPLICABLE})
    is_ahead = Q(**{f"{deadline}__gte": today}) & ~Q(**{f"{state}__in": CLOSED})
    found = rows.values_list(f"{rows.path}task__theme").annotate(
        due=Count("pk", filter=is_due), next_deadline=Min(deadline, filter=is_ahead)
    )
    return {theme: Scheduled(due, next_deadline) for theme, due, next_deadline in found}


# --- Lateness ---------------------------------------------------------------------------------------------


@dataclass
class HalfYear:
    """What was signed in a half-year, and how much of it late; `asked` and `granted` are extensions.

    An extension counts in the half-year in which it was asked for, whenever it was decided on.
    """

    year: int
    half: int
    signed: int = 0
    late: int = 0
    most_days: int = 0
    asked: int = 0
    granted: int = 0

    @property
    def label(self) -> str:
        words = {"year": self.year}
        return _("%(year)s 年上半年") % words if self.half == 1 else _("%(year)s 年下半年") % words


def half_years(
    submissions: SubmissionQuerySet,
    self_assessments: SelfAssessmentQuerySet,
    requests: QuerySet[ChangeRequest],
    *,
    limit: int,
    until: datetime.datetime | None = None,
) -> list[HalfYear]:
    """The latest half-years in which something was signed or asked for, the latest first, in three queries.

    With `until`, of rows signed and asked for by that moment: as it stood then.
    """
    found: dict[tuple[int, int], HalfYear] = {}

    def of(year: int, quarter: int) -> HalfYear:
        half = (quarter + 1) // 2
        return found.setdefault((year, half), HalfYear(year, half))

    signed = {"signed": Count("pk"), "late": Count("pk", filter=Q(late_by__gt=IN_TIME)), "most": Max("late_by")}
    for rows in (_signed_submissions(submissions, until), _signed_self_assessments(self_assessments, until)):
        for year, quarter, number, late, most in _by_quarter(rows, "signed_at", **signed):
            here = of(year, quarter)
            here.signed += number
            here.late += late
            here.most_days = max(here.most_days, most.days)
    is_granted = Q(state=RequestState.GRANTED)
    granted = Count("pk", filter=is_granted & Q(decided_at__lt=until) if until else is_granted)
    extensions = requests.filter(kind=RequestKind.EXTENSION)
    for year, quarter, number, given in _by_quarter(extensions, "requested_at", asked=Count("pk"), given=granted):
        here = of(year, quarter)
        here.asked += number
        here.granted += given
    return [found[key] for key in sorted(found, reverse=True)[:limit]]


def _by_quarter(rows: QuerySet, moment: str, **counts: Any) -> QuerySet:
    """Tuples of the year, the quarter and the counts."""
    when = {"year": ExtractYear(moment), "quarter": ExtractQuarter(moment)}
    return rows.order_by().values(**when).annotate(**counts).values_list("year", "quarter", *counts)


def _signed_submissions(submissions: SubmissionQuerySet, until: datetime.datetime | None) -> QuerySet[Submission]:
    """With `late_by`, the time from the deadline that was signed to the day of the signature; what stands, only."""
    rows = submissions.with_withdrawn(until).filter(is_withdrawn=False)
    return _late_by(rows, Cast(KT("content__deadline"), DateField()))


def _signed_self_assessments(
    self_assessments: SelfAssessmentQuerySet, until: datetime.datetime | None
) -> QuerySet[SelfAssessment]:
    return _late_by(self_assessments.signed(until), F("cycle__due_on"))


def _late_by(rows: Any, due: Any) -> Any:
    return rows.annotate(late_by=ExpressionWrapper(TruncDate("signed_at") - due, DurationField()))


class SignedLate(NamedTuple):
    """A version that was signed, and by how many days late."""

    signed: Submission | SelfAssessment
    days: int


def signed_late(
    submissions: SubmissionQuerySet,
    self_assessments: SelfAssessmentQuerySet,
    *,
    limit: int,
    until: datetime.datetime | None = None,
) -> list[SignedLate]:
    """The latest first, in two queries."""
    found = chain(
        _signed_submissions(submissions, until)
        .filter(late_by__gt=IN_TIME)
        .select_related("assignment__task")
        .defer("content")
        .order_by("-signed_at")[:limit],
        _signed_self_assessments(self_assessments, until)
        .filter(late_by__gt=IN_TIME)
        .select_related("cycle")
        .defer("content")
        .order_by("-signed_at")[:limit],
    )
    latest = sorted(found, key=lambda signed: signed.signed_at, reverse=True)[:limit]
    return [SignedLate(signed, signed.late_by.days) for signed in latest]


class ReturnedTask(NamedTuple):
    """How often a task came back: its submissions, and self-assessments with a requirement of it."""

    task: Task
    doing: int
    judging: int


def returned_tasks(doing: QuerySet[Review], judging: QuerySet[Review], *, limit: int) -> list[ReturnedTask]:
    """Those that came back most often first, in three queries; `doing` and `judging` are reviews of either kind."""
    done, judged = _returns(doing), _returns(judging)
    both = done + judged
    most = sorted(both, key=lambda task: (-both[task], task))[:limit]
    tasks = Task.objects.select_related("plan").in_bulk(most)
    return [ReturnedTask(tasks[pk], done[pk], judged[pk]) for pk in most]


def _returns(reviews: QuerySet[Review]) -> Counter[int]:
    remarks = Remark.objects.filter(review__in=reviews.order_by(), verdict=Verdict.RETURNED).order_by()
    return Counter(dict(remarks.values_list("requirement__task").annotate(Count("review", distinct=True))))


# --- Evidence ---------------------------------------------------------------------------------------------


class Files(NamedTuple):
    """How many: by the words for their type and by what their check says, the most frequent first, and by theme id."""

    by_type: list[tuple[str, int]]
    by_state: list[tuple[str, int]]
    by_theme: dict[int, int]

    @property
    def total(self) -> int:
        return sum(number for _type, number in self.by_type)


def files_of(evidence: QuerySet[Evidence]) -> Files:
    """In one query."""
    types: Counter[str] = Counter()
    states: Counter[str] = Counter()
    themes: Counter[int] = Counter()
    groups = evidence.order_by().values_list("stored__content_type", "stored__state", "assignment__task__theme")
    for content_type, state, theme, number in groups.annotate(Count("pk")):
        kind = BY_CONTENT_TYPE.get(content_type)
        types[str(kind.label) if kind else content_type] += number
        states[state] += number
        themes[theme] += number
    return Files(types.most_common(), states.most_common(), dict(themes))


def without_files(assignments: StandingQuerySet, evidence: QuerySet[Evidence], *, plan: Plan) -> int:
    """How many assignments that apply have no file among `evidence`."""
    files = evidence.order_by().filter(assignment=OuterRef(f"{assignments.path}pk"))
    return assignments.of_plan(plan).applicable().filter(~Exists(files)).count()


# --- Scores among others ----------------------------------------------------------------------------------


class Change(NamedTuple):
    """The latest whole score, and by how much it differs from the one before of the same plan and kind of cycle."""

    standing: Standing
    by: Decimal | None


def latest_change(standings: Sequence[Standing]) -> Change | None:
    """Of standings with the earliest first; subtracted as printed, with one decimal. None when none has a score."""
    rated = [standing for standing in standings if standing.whole is not None]
    if not rated:
        return None
    *earlier, latest = rated
    alike = [s for s in earlier if (s.cycle.plan_id, s.cycle.kind) == (latest.cycle.plan_id, latest.cycle.kind)]
    return Change(latest, _difference(latest.whole, alike[-1].whole) if alike else None)


def _difference(value: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if value is None or other is None else rounded(value) - rounded(other)


class BesideMedian(NamedTuple):
    """A line of the comparison, and how far the institution's own score is from the median of its kind."""

    line: Compared
    difference: Decimal | None


def beside_median(compared: Iterable[Compared]) -> list[BesideMedian]:
    """The weakest first, by the scores as printed; what cannot be compared comes last."""
    lines = [BesideMedian(line, _difference(line.own, line.others and line.others.median)) for line in compared]
    return sorted(lines, key=lambda one: (one.difference is None, one.difference or 0))


class Place(NamedTuple):
    """Equal scores share the rank of the first of them."""

    rank: int
    of: int


def place_among(scores: QuerySet[Score], value: Decimal) -> Place:
    """Where a whole score stands among whole scores of one cycle, of which it is one; in one query."""
    found = scores.order_by().aggregate(higher=Count("pk", filter=Q(value__gt=value)), of=Count("pk"))
    return Place(found["higher"] + 1, found["of"])
