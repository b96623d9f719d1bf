"""成熟度: the levels that institutions gave themselves, by theme."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any, NamedTuple

from assessments.models import Cycle, SelfAssessment
from plan.enums import MATURITY_LEVELS
from plan.models import Theme
from reports.dashboard.asked import Asked
from reports.dashboard.charts.levels import level_chart
from reports.links import answers_url
from reports.progress import MATURITY_RULE, cycle_by, maturity, mean_level


class Line(NamedTuple):
    theme: Theme
    numbers: list[int]
    mean: Decimal | None
    mean_then: Decimal | None


def content(asked: Asked, chosen: Cycle | None) -> dict[str, Any]:
    """Without a cycle chosen, each day speaks of the latest in which anything had been signed."""
    rows = SelfAssessment.objects.visible_to(asked.user, asked.membership)
    if asked.is_narrowed:
        rows = rows.filter(institution__in=asked.institutions)
    cycle = chosen or cycle_by(rows, plan=asked.plan, day=asked.day)
    context: dict[str, Any] = {"cycle": cycle, "rules": [MATURITY_RULE]}
    if cycle is None:
        return context
    themes = [asked.theme] if asked.theme else asked.themes
    now = maturity(rows, cycle=cycle, day=asked.day, themes=themes)
    cycle_then = asked.before and (chosen or cycle_by(rows, plan=asked.plan, day=asked.before))
    then = maturity(rows, cycle=cycle_then, day=asked.before, themes=themes) if cycle_then else None

    def link(**filters: Any) -> str:
        return answers_url(cycle, kind=asked.kinds, region=asked.regions, **filters)

    return context | {
        "now": now,
        "then": then,
        "chart": level_chart(now, then, link),
        "levels": list(MATURITY_LEVELS),
        "lines": [
            Line(
                theme,
                [numbers[level] for level in MATURITY_LEVELS],
                mean_level(numbers),
                mean_level(then.levels.get(theme, Counter())) if then else None,
            )
            for theme, numbers in now.levels.items()
        ],
    }
