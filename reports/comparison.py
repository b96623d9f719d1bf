"""An institution's scores beside those of its kind, and beside its own of earlier cycles.

Of others nothing leaves the database but the median, the quartiles and how many they are, and that only where they
are enough: no score of one institution, no lowest or highest, no name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from django.contrib.postgres.fields import ArrayField
from django.db.models import Aggregate, Count, FloatField, Prefetch, QuerySet
from django.utils.translation import gettext_lazy as _

from assessments.models import Cycle, Score, SelfAssessment
from assessments.scores import rounded
from plan.models import Theme
from portal.accounts.models import Institution

MIN_OTHERS = 5
MOST_CYCLES = 8

COMPARISON_RULE = _(
    "同类机构的分布取同一机构类别、同一周期内已验收自评的得分，不含本机构；至少有 5 家其他机构时才显示，"
    "只给出中位数和四分位数，不显示任何机构的名称、得分以及最高、最低值。"
    "四分位区间是得分居中的一半机构所在的区间；两个数之间按线性插值计算，四舍五入保留一位小数。"
    "本机构的得分取该周期最近签署且未撤回的版本。"
)


class QuartilesOf(Aggregate):
    """The three quartiles, interpolated as `percentile_cont` does it."""

    template = "percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = ArrayField(FloatField())


@dataclass(frozen=True)
class Quartiles:
    """Of at least MIN_OTHERS institutions, each to one decimal, so that no drawing tells more than the words."""

    count: int
    low: Decimal
    median: Decimal
    high: Decimal


class Compared(NamedTuple):
    """One line of the comparison: a theme, or the whole when it is None. Without `others` they are too few."""

    theme: Theme | None
    own: Decimal | None
    others: Quartiles | None


@dataclass(frozen=True)
class Standing:
    """What an institution's version came to in a cycle: by the theme's id, and as a whole under None."""

    self_assessment: SelfAssessment
    values: dict[int | None, Decimal]

    @property
    def cycle(self) -> Cycle:
        return self.self_assessment.cycle

    @property
    def whole(self) -> Decimal | None:
        return self.values.get(None)


def distribution(institution: Institution, cycle: Cycle) -> dict[int | None, Quartiles]:
    """Quartiles over the other institutions of the same kind, by theme id, None for the whole; in one query.

    Reads beyond what the institution may see: that is its purpose. Groups that are too small stay in the database.
    """
    rows = (
        Score.objects.accepted_in(cycle)
        .filter(task=None, self_assessment__institution__kind=institution.kind)
        .exclude(self_assessment__institution=institution)
        .order_by()
        .values_list("theme")
        .annotate(count=Count("pk"), quartiles=QuartilesOf("value"))
        .filter(count__gte=MIN_OTHERS)
    )
    return {theme: Quartiles(count, *(_rounded(value) for value in found)) for theme, count, found in rows}


def _rounded(value: float) -> Decimal:
    """Stored scores have four places, so what a quartile has beyond six is the noise of binary fractions."""
    return rounded(Decimal(f"{value:.6f}"))


def standings(own: QuerySet[SelfAssessment]) -> list[Standing]:
    """The version signed last in each cycle, the earliest cycle first; `own` are the institution's, in two queries."""
    return standings_of(own.filter(signed_at__isnull=False, withdrawn_at=None))


def standings_of(signed: QuerySet[SelfAssessment]) -> list[Standing]:
    """Of signed versions of one institution the last in each cycle, the earliest cycle first, in two queries."""
    versions = (
        signed.select_related("cycle__plan")
        .prefetch_related(Prefetch("scores", Score.objects.filter(task=None)))
        .defer("content")
        .order_by("cycle__period_ends_on", "cycle", "version")
    )
    latest = {version.cycle_id: version for version in versions}
    return [
        Standing(version, {score.theme_id: score.value for score in version.scores.all()})
        for version in latest.values()
    ]


def compare(standing: Standing, institution: Institution) -> list[Compared]:
    """The whole first, then each theme that the institution is rated in; in two queries."""
    others = distribution(institution, standing.cycle)
    return [
        Compared(theme, standing.values.get(theme and theme.pk), others.get(theme and theme.pk))
        for theme in [None, *_themes([standing])]
    ]


class Course(NamedTuple):
    """How one theme, or the whole, went over the cycles; None where it was not rated."""

    theme: Theme | None
    values: list[Decimal | None]


def course(standings: list[Standing]) -> list[Course]:
    """Of the same plan over its cycles, in one query."""
    return [
        Course(theme, [standing.values.get(theme and theme.pk) for standing in standings])
        for theme in [None, *_themes(standings)]
    ]


def _themes(standings: Iterable[Standing]) -> QuerySet[Theme]:
    rated = {theme for standing in standings for theme in standing.values if theme}
    return Theme.objects.filter(pk__in=rated)
