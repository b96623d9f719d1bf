"""Institutions of a scope in the order of their scores, those that moved most, and what was returned most often.

Functions take rows that already came through `visible_to` or `supervised_by`. Whatever they sort, they sort in SQL.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import Round
from django.utils.translation import gettext_lazy as _

from assessments.enums import SelfAssessmentState, Verdict
from assessments.models import Cycle, Remark, Review, Score, SelfAssessment
from plan.models import Requirement, Task
from portal.keyset import keyset_page
from reports.progress import percent

ROWS_A_PAGE = 50
MOVERS_SHOWN = 10
RETURNED_SHOWN = 15

RANKING_RULE = _(
    "按所选周期内已验收自评的总分由高到低排列；未验收的不排名。名次按未舍入的得分确定，得分相同的名次并列，"
    "其后的名次顺延。筛选后，名次是所选范围内的名次。"
)
MOVERS_RULE = _(
    "变动 = 所选周期的总分 − 上一周期的总分，按显示的一位小数相减；两期自评都已验收的机构参与比较；"
    "上一周期是同一计划、同类周期中紧邻的一期。"
    "升、降各列出变动最大的 10 家。"
)
RETURNED_RULE = _(
    "退回次数是所选周期的自评审核中该要求被退回的版本数；占比 = 退回次数 ÷ 已作出结论的版本总数，"
    "四舍五入保留一位小数。列出次数最多的 15 项。"
)


class Ranked(NamedTuple):
    rank: int
    score: Score


class RankingPage(NamedTuple):
    rows: list[Ranked]
    next_cursor: str


def ranking_page(scores: QuerySet[Score], after: str) -> RankingPage:
    """A page of whole scores, the highest first, in two queries; equal scores share the rank of the first of them."""
    rows = scores.select_related("self_assessment__institution__region").defer("self_assessment__content")
    page = keyset_page(rows, by=["-value", "-pk"], after=after, size=ROWS_A_PAGE)
    return RankingPage(list(_ranked(scores, page.rows)), page.next_cursor)


def _ranked(scores: QuerySet[Score], rows: list[Score]) -> Iterator[Ranked]:
    if not rows:
        return
    first = rows[0]
    ahead = scores.order_by().aggregate(
        higher=Count("pk", filter=Q(value__gt=first.value)),
        equal=Count("pk", filter=Q(value=first.value, pk__gt=first.pk)),
    )
    rank, value = ahead["higher"] + 1, first.value
    for place, score in enumerate(rows, start=ahead["higher"] + ahead["equal"] + 1):
        if score.value != value:
            rank, value = place, score.value
        yield Ranked(rank, score)


def cycle_before(cycle: Cycle) -> Cycle | None:
    """The one just before it, of the same plan and kind."""
    earlier = Cycle.objects.filter(plan=cycle.plan_id, kind=cycle.kind, period_ends_on__lt=cycle.period_ends_on)
    return earlier.order_by("-period_ends_on").first()


class Movers(NamedTuple):
    """Scores with `before` and `change`, those that moved most first."""

    up: list[Score]
    down: list[Score]


OTHER = "self_assessment__institution__self_assessments"


def movers(scores: QuerySet[Score], before: Cycle) -> Movers:
    """Of whole scores of one cycle, against `before`; in two queries."""
    moved: QuerySet[Score] = (
        scores.filter(
            **{
                f"{OTHER}__cycle": before,
                f"{OTHER}__state": SelfAssessmentState.ACCEPTED,
                f"{OTHER}__scores__theme": None,
                f"{OTHER}__scores__task": None,
                f"{OTHER}__scores__value__gte": Decimal(0),
            }
        )
        .annotate(before=F(f"{OTHER}__scores__value"))
        .annotate(change=Round("value", precision=1) - Round("before", precision=1), exactly=F("value") - F("before"))
        .select_related("self_assessment__institution__region")
        .defer("self_assessment__content")
    )
    return Movers(
        list(moved.filter(change__gt=0).order_by("-change", "-exactly", "pk")[:MOVERS_SHOWN]),
        list(moved.filter(change__lt=0).order_by("change", "exactly", "pk")[:MOVERS_SHOWN]),
    )


class Returned(NamedTuple):
    requirement: Requirement
    count: int
    share: Decimal | None


class Returns(NamedTuple):
    """`reviewed` is how many versions were judged."""

    rows: list[Returned]
    reviewed: int


class ReturnedRequirement(NamedTuple):
    """How often a requirement came back in submissions, and in self-assessments."""

    requirement: Requirement
    doing: int
    judging: int

    @property
    def total(self) -> int:
        return self.doing + self.judging


def most_returned_of(task: Task, reviews: QuerySet[Review]) -> list[ReturnedRequirement]:
    """The requirements of a task that those reviews returned, the most often first, in two queries."""
    remarks = Remark.objects.filter(review__in=reviews.order_by(), requirement__task=task, verdict=Verdict.RETURNED)
    counted = (
        remarks.order_by()
        .values_list("requirement")
        .annotate(
            doing=Count("pk", filter=Q(review__submission__isnull=False)),
            judging=Count("pk", filter=Q(review__self_assessment__isnull=False)),
        )
    )
    counts = {pk: numbers for pk, *numbers in counted}
    requirements = Requirement.objects.select_related("task").in_bulk(counts)
    found = [ReturnedRequirement(requirements[pk], *numbers) for pk, numbers in counts.items()]
    return sorted(found, key=lambda one: (-one.total, one.requirement.number))


def most_returned(self_assessments: QuerySet[SelfAssessment]) -> Returns:
    """Over the reviews of those versions, in three queries."""
    reviews = Review.objects.filter(self_assessment__in=self_assessments.order_by())
    reviewed = reviews.count()
    counted = (
        Remark.objects.filter(review__in=reviews.order_by(), verdict=Verdict.RETURNED)
        .order_by()
        .values_list("requirement")
        .annotate(count=Count("pk"))
        .order_by("-count", "requirement__task__number", "requirement__number")[:RETURNED_SHOWN]
    )
    counts = dict(counted)
    requirements = Requirement.objects.select_related("task__plan").in_bulk(counts)
    return Returns(
        [Returned(requirements[pk], count, percent(count, reviewed)) for pk, count in counts.items()], reviewed
    )
