"""The levels of maturity that institutions gave, a bar of shares for each theme, the lowest level at the left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from django.utils.translation import gettext as _

from plan.enums import MATURITY_LEVELS
from plan.models import Theme
from reports.charts import Text, wrapped
from reports.progress import Maturity, in_words, mean_level, percent

LEFT, BAR_WIDTH, WIDTH = 220, 560, 940
ROW, BAR, EARLIER = 58, 26, 8
FOOT = 36
LEGEND_STEP = 76
LABEL_COLUMNS = 28
LEAST_LABELLED = 44
# From the lowest level to the highest; lightness alone tells them apart.
INKS = ("#f4e3c8", "#dfe8ee", "#b5cbdb", "#83a5c0", "#4c779e", "#1d4e89")


class Segment(NamedTuple):
    level: int
    label: str
    title: str
    x: int
    width: int
    url: str

    @property
    def colour(self) -> str:
        return INKS[self.level]

    @property
    def ink(self) -> str:
        return "#ffffff" if self.level >= 4 else "#1f2733"

    @property
    def middle(self) -> int:
        return self.x + self.width // 2


class Row(NamedTuple):
    full: str
    lines: list[Text]
    y: int
    segments: list[Segment]
    earlier: list[Segment]
    mean: str


class LevelChart(NamedTuple):
    title: str
    rows: list[Row]
    legend: list[Segment]
    height: int
    width: int = WIDTH
    means: int = LEFT + BAR_WIDTH + 12

    @property
    def foot(self) -> int:
        return self.height - FOOT + 12


def level_chart(now: Maturity, then: Maturity | None, link: Callable[..., str]) -> LevelChart:
    """`link(theme=…, result=…)` gives the address of the answers behind a segment."""
    rows = []
    for n, (theme, levels) in enumerate(now.levels.items()):
        name = f"{theme.local_label} {theme.local_title}"
        texts = wrapped(name, LABEL_COLUMNS)
        first = BAR // 2 + 6 - 8 * (len(texts) - 1)
        earlier = then.levels.get(theme, Counter()) if then else Counter[int]()
        rows.append(
            Row(
                full=name,
                lines=[Text(text, 0, first + 16 * line) for line, text in enumerate(texts)],
                y=n * ROW,
                segments=_segments(levels, theme, link),
                earlier=_segments(earlier, theme),
                mean=_mean(levels, earlier if then else None),
            )
        )
    legend = [
        Segment(level, _("%(level)s 级") % {"level": level}, "", n * LEGEND_STEP, 16, "")
        for n, level in enumerate(MATURITY_LEVELS)
    ]
    return LevelChart(_finding(now), rows, legend, ROW * len(rows) + FOOT)


def _segments(levels: Counter[int], theme: Theme, link: Callable[..., str] | None = None) -> list[Segment]:
    """Edges are rounded rather than widths, so that the bar is whole. The thin bar has no links."""
    total, before, segments = levels.total(), 0, []
    for level in MATURITY_LEVELS:
        number = levels[level]
        if not number:
            continue
        start, end = (LEFT + round(BAR_WIDTH * part / total) for part in (before, before + number))
        before += number
        words = {"level": level, "number": f"{number:,}", "share": in_words(percent(number, total))}
        segments.append(
            Segment(
                level=level,
                label=words["share"] if end - start >= LEAST_LABELLED else "",
                title=_("%(level)s 级：%(number)s 项要求，%(share)s") % words,
                x=start,
                width=end - start,
                url=link(theme=theme.number, result=level) if link else "",
            )
        )
    return segments


def _mean(levels: Counter[int], earlier: Counter[int] | None) -> str:
    now = mean_level(levels)
    if now is None:
        return "–"
    before = mean_level(earlier) if earlier else None
    if before is None:
        return _("平均 %(now)s") % {"now": now}
    mark = "▲" if now > before else "▼" if now < before else "＝"
    return _("平均 %(before)s → %(now)s %(mark)s") % {"before": before, "now": now, "mark": mark}


def _finding(maturity: Maturity) -> str:
    means = {theme: mean for theme, levels in maturity.levels.items() if (mean := mean_level(levels)) is not None}
    if not means:
        return _("没有成熟度的填报")
    lowest = min(means, key=lambda theme: means[theme])
    return _("平均 %(mean)s 级；最低的是%(theme)s，%(lowest)s 级") % {
        "mean": mean_level(maturity.whole),
        "theme": lowest.local_label,
        "lowest": means[lowest],
    }
