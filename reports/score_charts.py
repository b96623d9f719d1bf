"""Scores as geometry, like `charts.py`: a line of each theme with the middle half of others, and points over cycles.

Both begin at 0 and end at 5, whatever the values are.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from django.urls import reverse
from django.utils.translation import gettext as _

from assessments.scores import HIGHEST, in_words, rounded
from reports.charts import Text, wrapped
from reports.comparison import Compared, Quartiles, Standing

WIDTH, EDGE = 420, 10
LINE, TRACK, BETWEEN, FOOT = 18, 18, 16, 24
TITLE_COLUMNS = 50
PLOT_TOP, PLOT_HEIGHT, PLOT_LEFT = 24, 150, 28


class Tick(NamedTuple):
    label: int
    at: int


class Band(NamedTuple):
    """One line: its title, what it says, and where things stand on its track. `own` is None without a score."""

    title: str
    lines: list[Text]
    words: Text
    y: int
    own: int | None
    low: int
    median: int
    high: int
    has_others: bool

    @property
    def width(self) -> int:
        return max(self.high - self.low, 2)

    @property
    def foot(self) -> int:
        return self.y + TRACK

    @property
    def middle(self) -> int:
        return self.y + TRACK // 2


class BandChart(NamedTuple):
    title: str
    bands: list[Band]
    ticks: list[Tick]
    height: int
    width: int = WIDTH

    @property
    def axis(self) -> int:
        return self.height - FOOT


def band_chart(compared: list[Compared]) -> BandChart:
    bands, y = [], 0
    for line in compared:
        title = f"{line.theme.local_label} {line.theme.local_title}" if line.theme else _("总分")
        lines = [Text(text, EDGE, y + LINE * n - 4) for n, text in enumerate(wrapped(title, TITLE_COLUMNS), start=1)]
        y += LINE * (len(lines) + 1)
        others = line.others
        bands.append(
            Band(
                title=title,
                lines=lines,
                words=Text(_in_words(line), EDGE, y - 4),
                y=y,
                own=None if line.own is None else _along(rounded(line.own)),
                low=_along(others.low) if others else 0,
                median=_along(others.median) if others else 0,
                high=_along(others.high) if others else 0,
                has_others=others is not None,
            )
        )
        y += TRACK + BETWEEN
    ticks = [Tick(value, _along(Decimal(value))) for value in range(int(HIGHEST) + 1)]
    return BandChart(_position(compared[0]), bands, ticks, y + FOOT)


def _along(value: Decimal) -> int:
    return EDGE + round((WIDTH - 2 * EDGE) * value / int(HIGHEST))


def _in_words(line: Compared) -> str:
    own = _("本机构 %(score)s") % {"score": in_words(line.own)}
    if line.others is None:
        return own
    return _("%(own)s　中位数 %(median)s　四分位区间 %(low)s–%(high)s") % {"own": own, **_figures(line.others)}


def _figures(others: Quartiles) -> dict[str, str]:
    return {"low": str(others.low), "median": str(others.median), "high": str(others.high)}


def _position(line: Compared) -> str:
    """Where the institution stands as a whole."""
    own = in_words(line.own)
    if line.own is None or line.others is None:
        return _("本机构总分 %(own)s") % {"own": own}
    words = {"own": own, "median": str(line.others.median)}
    if rounded(line.own) > line.others.median:
        return _("本机构总分 %(own)s，高于同类机构的中位数 %(median)s") % words
    if rounded(line.own) < line.others.median:
        return _("本机构总分 %(own)s，低于同类机构的中位数 %(median)s") % words
    return _("本机构总分 %(own)s，与同类机构的中位数相同") % words


class Point(NamedTuple):
    """A cycle's whole score; `under` is the month its period ends in."""

    label: str
    value: str
    under: str
    x: int
    y: int
    url: str


class PointChart(NamedTuple):
    title: str
    points: list[Point]
    ticks: list[Tick]
    height: int
    width: int = WIDTH
    left: int = PLOT_LEFT

    @property
    def line(self) -> str:
        return " ".join(f"{point.x},{point.y}" for point in self.points)

    @property
    def right(self) -> int:
        return self.width - EDGE

    @property
    def foot(self) -> int:
        return self.height - 6


def point_chart(standings: list[Standing]) -> PointChart:
    """The whole scores over the cycles, the earliest at the left."""
    rated = [(standing, standing.whole) for standing in standings if standing.whole is not None]
    step = (WIDTH - PLOT_LEFT - EDGE) // max(len(rated), 1)
    points = [
        Point(
            label=standing.cycle.local_title,
            value=in_words(value),
            under=f"{standing.cycle.period_ends_on:%Y-%m}",
            x=PLOT_LEFT + step * n + step // 2,
            y=_up(rounded(value)),
            url=reverse("assessments:score", args=[standing.self_assessment.pk]),
        )
        for n, (standing, value) in enumerate(rated)
    ]
    ticks = [Tick(value, _up(Decimal(value))) for value in range(int(HIGHEST) + 1)]
    return PointChart(_development([point.value for point in points]), points, ticks, PLOT_TOP + PLOT_HEIGHT + FOOT)


def _up(value: Decimal) -> int:
    return PLOT_TOP + PLOT_HEIGHT - round(PLOT_HEIGHT * value / int(HIGHEST))


def _development(values: list[str]) -> str:
    if not values:
        return _("尚无得分")
    if len(values) == 1:
        return _("目前只有一个周期的得分：%(score)s") % {"score": values[0]}
    words = {"before": values[-2], "now": values[-1]}
    if values[-1] == values[-2]:
        return _("总分与上一周期相同，均为 %(now)s") % words
    return _("总分由上一周期的 %(before)s 变为 %(now)s") % words
