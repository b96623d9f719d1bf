"""What a supervising body has to look after: what is late and for how long, what waits, what comes this week.

As in `reports.progress`, the functions take rows that already came through `visible_to`, and the day they speak of.
What happened since a person last looked is in `reports.progress.changes`.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from django.contrib.auth.models import Permission as ModelPermission
from django.core.cache import cache
from django.db.models import Aggregate, Count, DurationField, F, Min, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assessments.enums import SelfAssessmentState
from assessments.models import Review, SelfAssessment
from plan.models import Plan, Task
from portal.accounts.models import Authority
from portal.accounts.querysets import SUPERVISE
from portal.keyset import BoundedCount, bounded_count
from reports.progress.conditions import DAYS_LATE
from reports.progress.positions import Position
from tasks.enums import AssignmentState
from tasks.models import Assignment
from tasks.querysets import AssignmentQuerySet

DAY = datetime.timedelta(days=1)
TURNAROUND_DAYS = 90
KEPT_FOR_SECONDS = 900

UNANSWERED_RULE = _("退回待重报：监管单位退回后，机构尚未重新签署报送；自退回之日起计天数。")
LOAD_RULE = _(
    "待审核包括监管范围内已签署报送、尚无审核结论的任务和自评，同一报送可由多个监管单位审核。"
    "近 90 天审核件数和用时按作出结论的单位计算；用时是从签署到结论的天数，取中位数，保留一位小数。每 15 分钟更新一次。"
)


# --- Late -------------------------------------------------------------------------------------------------


class Age(NamedTuple):
    """How many assignments have been overdue for that many days; without `high`, for more."""

    low: int
    high: int | None
    count: int

    @property
    def filters(self) -> dict[str, int]:
        """The list behind it."""
        bounds = {"overdue": 1, "late": self.low - 1}
        return bounds if self.high is None else bounds | {"late_max": self.high}


def ageing(position: Position) -> list[Age]:
    """The overdue assignments by how long they have been; together they are all that is overdue."""
    late: Counter[int] = Counter()
    for pile in position.piles:
        late[pile.lateness] += pile.late
    return [Age(low, high, late[lateness]) for lateness, (low, high) in DAYS_LATE.items()]


class Returned(NamedTuple):
    """An assignment that was returned, and for how many days its institution has had it back."""

    assignment: Assignment
    days: int


def unanswered(
    assignments: AssignmentQuerySet, *, plan: Plan, today: datetime.date, limit: int
) -> tuple[list[Returned], BoundedCount]:
    """What was returned and not signed again, the longest first, and how many there are."""
    rows = assignments.filter(task__plan=plan).unanswered()
    first = rows.select_related("task", "institution").order_by("returned_at", "pk")[:limit]
    return [Returned(row, _days_since(row.returned_at, today)) for row in first], bounded_count(rows)


def _days_since(moment: datetime.datetime | None, today: datetime.date) -> int:
    return (today - timezone.localdate(moment)).days if moment else 0


# --- Soon -------------------------------------------------------------------------------------------------


class Due(NamedTuple):
    """A task that so many institutions still have to hand in by a day."""

    task: Task
    deadline: datetime.date
    count: int


@dataclass(frozen=True)
class Week:
    """What falls due from today to Sunday and is still its institution's to act on."""

    ends_on: datetime.date
    lines: list[Due]

    @property
    def total(self) -> int:
        return sum(line.count for line in self.lines)


def this_week(assignments: AssignmentQuerySet, *, plan: Plan, tasks: Iterable[Task], today: datetime.date) -> Week:
    """By task and day, the nearest first: a plan has some dozens of tasks, given as `tasks`, so the lines are few."""
    sunday = today + (6 - today.weekday()) * DAY
    due = assignments.filter(task__plan=plan, deadline__range=(today, sunday)).to_act_on().order_by()
    counted = due.values_list("deadline", "task").annotate(count=Count("*"))
    by_id = {task.pk: task for task in tasks}
    lines = [Due(by_id[task], deadline, count) for deadline, task, count in counted]
    return Week(sunday, sorted(lines, key=lambda due: (due.deadline, due.task.number)))


# --- Load and turnaround ----------------------------------------------------------------------------------


class MedianOf(Aggregate):
    """The middle value, interpolated as `percentile_cont` does it."""

    template = "percentile_cont(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()


@dataclass(frozen=True)
class Load:
    """What waits for an authority's verdict, and how fast it gave those of the last 90 days."""

    authority: Authority
    waiting: int
    oldest_days: int | None
    judged: int
    median_days: Decimal | None


@dataclass(frozen=True)
class Loads:
    """One line for each authority, the one with most waiting first, as it was at `at`."""

    at: datetime.datetime
    lines: list[Load]


def load(authorities: QuerySet[Authority], *, today: datetime.date) -> Loads:
    """At 25,000 institutions it takes a second, so it is counted for all authorities together, and kept a while."""
    at, waiting, judged = cache.get_or_set(f"load:{today}", lambda: _counted(today), KEPT_FOR_SECONDS)
    lines = [
        Load(authority, *waiting.get(authority.group_id, (0, None)), *judged.get(authority.pk, (0, None)))
        for authority in authorities
    ]
    return Loads(at, sorted(lines, key=lambda line: (-line.waiting, line.authority.name)))


def _counted(today: datetime.date) -> tuple[datetime.datetime, dict[int, Any], dict[int, Any]]:
    return timezone.now(), _waiting(today), _judged(today)


def _waiting(today: datetime.date) -> dict[int, tuple[int, int]]:
    """By the authority's group, how many wait of both kinds, and for how many days the oldest has."""
    granted = "institution__institutiongroupobjectpermission"
    supervise = ModelPermission.objects.filter(codename=SUPERVISE, content_type__app_label="accounts")
    kinds: list[tuple[QuerySet, str]] = [
        (Assignment.objects.filter(state=AssignmentState.SUBMITTED), "submitted_at"),
        (SelfAssessment.objects.filter(state=SelfAssessmentState.SUBMITTED), "signed_at"),
    ]
    found: dict[int, tuple[int, int]] = {}
    for rows, since in kinds:
        scoped = rows.filter(**{f"{granted}__permission": supervise.values("pk")[:1]}).order_by()
        counted = scoped.values_list(f"{granted}__group").annotate(count=Count("pk"), oldest=Min(since))
        for group, count, oldest in counted:
            before, longest = found.get(group, (0, 0))
            found[group] = before + count, max(longest, _days_since(oldest, today))
    return found


def _judged(today: datetime.date) -> dict[int, tuple[int, Decimal | None]]:
    """By authority, how many verdicts it gave in the last days, and the median from signature to verdict."""
    since = timezone.make_aware(datetime.datetime.combine(today - TURNAROUND_DAYS * DAY, datetime.time.min))
    signed_at = Coalesce("submission__signed_at", "self_assessment__signed_at")
    rows = Review.objects.filter(created_at__gte=since).order_by().values_list("authority")
    counted = rows.annotate(count=Count("pk"), median=MedianOf(F("created_at") - signed_at))
    return {authority: (count, _in_days(median)) for authority, count, median in counted}


def _in_days(duration: datetime.timedelta | None) -> Decimal | None:
    if duration is None:
        return None
    return (Decimal(duration // datetime.timedelta(seconds=1)) / 86400).quantize(Decimal("0.1"), ROUND_HALF_UP)
