"""How an institution stands against the plan's schedule and the others of its kind, and whose work comes first in it.

Of others nothing is told but the median and how many they are, and that only where they are enough, as in
`reports.comparison`.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Set
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from statistics import median
from typing import NamedTuple

from django.core.cache import cache
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assessments.models import Delegation
from plan.models import Plan
from portal.accounts.models import Institution, Membership, User
from reports.comparison import MIN_OTHERS
from reports.progress import in_words, percent
from tasks.enums import AssignmentState
from tasks.models import Assignment
from tasks.querysets import AssignmentQuerySet, past_deadline

S = AssignmentState
KEPT_FOR_SECONDS = 3600

OWN_PROGRESS_RULE = _(
    "按计划应完成：完成期限已过的适用任务占适用任务的比例。同类中位数：同一机构类别其他机构验收率的中位数，不含本机构，"
    "至少有 5 家其他机构时才显示，每小时更新一次。"
)


@dataclass(frozen=True)
class AgainstSchedule:
    """Of what applies: how much the plan's deadlines ask for by now, and what of that is done."""

    applicable: int
    accepted: int
    due: int
    overdue: int

    @property
    def due_percent(self) -> str:
        return in_words(percent(self.due, self.applicable))

    @property
    def accepted_percent(self) -> str:
        return in_words(percent(self.accepted, self.applicable))

    @property
    def due_accepted(self) -> int:
        """Past their deadline and accepted."""
        return self.due - self.overdue

    @property
    def ahead(self) -> int:
        """Accepted before their deadline has come."""
        return self.accepted - self.due_accepted


def against_schedule(assignments: AssignmentQuerySet, *, plan: Plan, today: datetime.date) -> AgainstSchedule:
    """In one query; what is past its deadline is accepted or overdue."""
    applicable = assignments.filter(task__plan=plan).exclude(state=S.NOT_APPLICABLE).order_by()
    return AgainstSchedule(
        **applicable.aggregate(
            applicable=Count("pk"),
            accepted=Count("pk", filter=Q(state=S.ACCEPTED)),
            due=Count("pk", filter=Q(deadline__lt=today)),
            overdue=Count("pk", filter=past_deadline(today)),
        )
    )


class Others(NamedTuple):
    """The median of the accepted shares of at least MIN_OTHERS institutions, as they were at `at`."""

    median: Decimal
    count: int
    at: datetime.datetime

    @property
    def median_percent(self) -> str:
        return in_words(self.median)


def others_of_kind(institution: Institution, plan: Plan) -> Others | None:
    """Reads beyond what the institution may see: that is its purpose. None where the others are too few."""
    at, shares = cache.get_or_set(
        f"accepted-shares:{plan.pk}:{institution.kind}", lambda: _shares(institution.kind, plan), KEPT_FOR_SECONDS
    )
    others = [Decimal(accepted) / applicable for pk, (accepted, applicable) in shares.items() if pk != institution.pk]
    if len(others) < MIN_OTHERS:
        return None
    return Others((median(others) * 100).quantize(Decimal("0.1"), ROUND_HALF_UP), len(others), at)


def _shares(kind: str, plan: Plan) -> tuple[datetime.datetime, dict[int, tuple[int, int]]]:
    """By institution of the kind, how many are accepted and how many apply. At 25,000 institutions this reads some
    hundred thousand rows, so it is read once an hour for everybody.
    """
    rows = Assignment.objects.filter(task__plan=plan, institution__kind=kind, institution__is_active=True)
    counted = rows.exclude(state=S.NOT_APPLICABLE).order_by().values_list("institution")
    counted = counted.annotate(accepted=Count("pk", filter=Q(state=S.ACCEPTED)), applicable=Count("pk"))
    return timezone.now(), {pk: (accepted, applicable) for pk, accepted, applicable in counted}


def tasks_given_to(user: User, acting: Membership, *, plan: Plan, today: datetime.date) -> set[int]:
    """The tasks of the plan that the liaison gave to this person, in a round that is open."""
    given = Delegation.objects.visible_to(user, acting=acting).filter(contributor=user)
    return set(given.filter(cycle__plan=plan, cycle__opens_on__lte=today).values_list("task", flat=True))


def own_first(work: Iterable[Assignment], given: Set[int]) -> list[Assignment]:
    """Work in order of urgency, with what was given to the person before the rest; each keeps its order."""
    return sorted(work, key=lambda row: row.task_id not in given)
