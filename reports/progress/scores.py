"""What institutions' accepted self-assessments come to on average, cycle by cycle."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Avg, Count
from django.utils.translation import gettext_lazy as _

from assessments.models import Cycle
from assessments.querysets import ScoreQuerySet
from plan.models import Plan, Theme

MEAN_SCORE_RULE = _("各周期取截至当日已验收的自评，为各机构得分的算术平均，四舍五入保留一位小数。")


class MeanLine(NamedTuple):
    """Of one theme, or of the whole where it is None: the mean in each of the cycles, None where nothing was rated."""

    theme: Theme | None
    means: list[Decimal | None]


class MeanScores(NamedTuple):
    """`institutions` is how many were accepted in each of the cycles, the earliest first."""

    cycles: list[Cycle]
    institutions: list[int]
    lines: list[MeanLine]


def mean_scores(scores: ScoreQuerySet, *, plan: Plan, until: datetime.datetime, limit: int) -> MeanScores:
    """Of the last cycles in which anything was accepted before that moment, in three queries."""
    rows = scores.filter(task=None, self_assessment__cycle__plan=plan).accepted(until).order_by()
    grouped = rows.values_list("self_assessment__cycle", "theme").annotate(mean=Avg("value"), number=Count("pk"))
    found = {(cycle, theme): (mean, number) for cycle, theme, mean, number in grouped}
    accepted_in = Cycle.objects.filter(pk__in={cycle for cycle, _theme in found}).order_by("-period_ends_on")
    cycles = list(accepted_in[:limit])[::-1]
    themes = Theme.objects.filter(pk__in={theme for _cycle, theme in found if theme})
    lines = [
        MeanLine(theme, [found.get((cycle.pk, theme and theme.pk), (None, 0))[0] for cycle in cycles])
        for theme in [None, *themes]
    ]
    return MeanScores(cycles, [found.get((cycle.pk, None), (None, 0))[1] for cycle in cycles], lines)
