"""How mature institutions say they are: the levels they gave, by theme."""

from __future__ import annotations

import datetime
from collections import Counter
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import Count, Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from assessments.models import Answer, Cycle
from assessments.querysets import SelfAssessmentQuerySet
from plan.models import Plan, Theme
from reports.progress.days import end_of

MATURITY_RULE = _(
    "每家机构取所选周期内截至当日最近签署且当时未撤回的自评，统计其中成熟度类要求的等级（0 至 5 级）；"
    "平均等级为各项等级的算术平均，四舍五入保留一位小数。是否类、比例、数值和日期类要求不计入。"
)


@dataclass(frozen=True)
class Maturity:
    """How many answers of a cycle gave each level, by theme, as signed by the end of a day."""

    cycle: Cycle
    day: datetime.date
    institutions: int
    levels: dict[Theme, Counter[int]]

    @property
    def whole(self) -> Counter[int]:
        return sum(self.levels.values(), Counter())


def mean_level(levels: Counter[int]) -> Decimal | None:
    """One decimal, half up; None without an answer."""
    if not (answers := levels.total()):
        return None
    total = sum(level * number for level, number in levels.items())
    return (Decimal(total) / answers).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)


def cycle_by(rows: SelfAssessmentQuerySet, *, plan: Plan, day: datetime.date) -> Cycle | None:
    """The latest cycle of the plan in which anything was signed by the end of the day."""
    signed = _signed_by(rows, day).filter(cycle=OuterRef("pk")).order_by()
    return Cycle.objects.filter(Exists(signed), plan=plan, opens_on__lte=day).order_by("-period_ends_on").first()


def maturity(rows: SelfAssessmentQuerySet, *, cycle: Cycle, day: datetime.date, theme: Theme | None = None) -> Maturity:
    """Of self-assessments that the reader sees, in three queries."""
    signed = _signed_by(rows, day).filter(cycle=cycle)
    latest = signed.order_by("institution_id", "-version").distinct("institution_id").values("pk")
    answers = Answer.objects.filter(self_assessment__in=latest, level__isnull=False)
    themes = Theme.objects.filter(plan=cycle.plan_id)
    if theme:
        answers, themes = answers.filter(requirement__task__theme=theme), themes.filter(pk=theme.pk)
    counted = answers.order_by().values_list("requirement__task__theme", "level").annotate(number=Count("pk"))
    levels: dict[int, Counter[int]] = {}
    for pk, level, number in counted:
        levels.setdefault(pk, Counter())[level] = number
    institutions = signed.order_by().aggregate(n=Count("institution", distinct=True))["n"]
    return Maturity(cycle, day, institutions, {row: levels.get(row.pk, Counter()) for row in themes})


def _signed_by(rows: SelfAssessmentQuerySet, day: datetime.date) -> SelfAssessmentQuerySet:
    return rows.filter(Q(withdrawn_at=None) | Q(withdrawn_at__gte=end_of(day)), signed_at__lt=end_of(day))
