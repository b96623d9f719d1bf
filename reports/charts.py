"""Charts as geometry: what the SVG templates in `templates/reports/charts/` draw, in pages and in PDFs alike.

Lengths are whole units of the SVG's own box. Bars begin at zero. A title states what the chart shows.
"""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Callable
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from plan.models import Theme
from portal.accounts.enums import InstitutionKind
from portal.states import STATE_STYLES, StateStyle
from reports.progress import RED_ABOVE, Figures, Progress
from tasks.enums import AssignmentState

Link = Callable[..., str]


def no_link(*_args: Any, **_filters: Any) -> str:
    """On paper nothing leads further."""
    return ""


BAR_STEP = 32
BAR_LEFT, BAR_LONGEST, BAR_WIDTH = 160, 192, 420

LABELS, CELL, ROW, HEAD = 208, 92, 60, 46
GAP = 3
LEGEND_STEP = 76
LABEL_COLUMNS, HEAD_COLUMNS = 28, 12
# Shares of overdue work in percent at which a cell's colour gets darker.
HEAT_STEPS = (0, 5, 15, 30)
HEAT_COLOURS = ("#f5f6f8", "#fdecec", "#f7c9cb", "#e8969b", "#a01020")


class Bar(NamedTuple):
    style: StateStyle
    value: int
    y: int
    width: int
    url: str

    @property
    def fill(self) -> str:
        """The class that gives the state's colour in both themes."""
        return "fill-" + self.style.tone.name.replace("_", "-")

    @property
    def end(self) -> int:
        return BAR_LEFT + self.width


class StateChart(NamedTuple):
    title: str
    bars: list[Bar]
    height: int
    role: str
    width: int = BAR_WIDTH
    left: int = BAR_LEFT


def state_chart(figures: Figures, link: Link | None = None) -> StateChart:
    """One bar for each state. `link(state=…)` gives the address of the list behind a bar."""
    longest = max(figures.states.values(), default=0) or 1
    bars = [
        Bar(
            style=STATE_STYLES[state],
            value=figures.states[state],
            y=index * BAR_STEP,
            width=round(BAR_LONGEST * figures.states[state] / longest),
            url=link(state=state.value) if link else "",
        )
        for index, state in enumerate(AssignmentState)
    ]
    title = _("%(total)s 项任务中，已验收 %(accepted)s 项，已逾期 %(overdue)s 项") % {
        "total": f"{figures.total:,}",
        "accepted": f"{figures.accepted:,}",
        "overdue": f"{figures.overdue:,}",
    }
    return StateChart(title, bars, height=BAR_STEP * len(bars), role=_role(link))


def _role(link: Link | None) -> str:
    """An image has no links inside it that a screen reader would find; a group has."""
    return "group" if link else "img"


class Cell(NamedTuple):
    """One square of the heat map: overdue work of a theme (or all) at a kind of institution (or all)."""

    label: str
    figures: Figures
    x: int
    y: int
    url: str
    is_sum: bool

    @property
    def level(self) -> int:
        """0 without overdue work, else 1 to 4 by its share."""
        share = self.figures.overdue_share or 0
        return sum(share > step for step in HEAT_STEPS)

    @property
    def colour(self) -> str:
        return HEAT_COLOURS[self.level]

    @property
    def ink(self) -> str:
        return "#ffffff" if self.level == len(HEAT_STEPS) else "#1f2733"

    @property
    def bar_colour(self) -> str:
        return self.ink if self.level == len(HEAT_STEPS) else HEAT_COLOURS[-1]

    @property
    def character(self) -> str:
        """The shape of `progress.CONDITIONS_RULE` for overdue work, so that grey print tells the worst cells apart."""
        share = self.figures.overdue_share or 0
        return "■" if share > RED_ABOVE else "▲" if share else ""

    @property
    def bar(self) -> int:
        """Length of the bar at the foot of the cell: the share of the cell's width."""
        return round((CELL - GAP) * float(self.figures.overdue_share or 0) / 100)

    @property
    def middle(self) -> int:
        return self.x + (CELL - GAP) // 2

    @property
    def width(self) -> int:
        return CELL - GAP

    @property
    def height(self) -> int:
        return ROW - GAP


class Text(NamedTuple):
    text: str
    x: int
    y: int


class Head(NamedTuple):
    """The name of a row or column: its lines as they fit, and in full for the mark's title."""

    full: str
    lines: list[Text]


class Step(NamedTuple):
    """An entry of the legend."""

    label: str
    colour: str
    level: int
    x: int


class HeatMap(NamedTuple):
    title: str
    columns: list[Head]
    rows: list[tuple[Head, list[Cell]]]
    legend: list[Step]
    width: int
    height: int
    role: str

    @property
    def foot(self) -> int:
        return self.height - 24


def heat_map(progress: Progress, link: Link | None = None) -> HeatMap:
    """Overdue work, themes × kinds of institution with sums at the end of both.

    `link(theme=…, kind=…, overdue=1)` gives the address of the list behind a cell.
    """
    kinds: list[InstitutionKind | None] = [*progress.kinds, None]
    themes: list[Theme | None] = [*progress.themes, None]
    rows = []
    for n, theme in enumerate(themes):
        y = HEAD + n * ROW
        cells = [_cell(progress, theme, kind, LABELS + m * CELL, y, link) for m, kind in enumerate(kinds)]
        rows.append((_row_head(theme, y), cells))
    return HeatMap(
        title=_finding(progress),
        columns=[_column_head(kind, LABELS + m * CELL) for m, kind in enumerate(kinds)],
        rows=rows,
        legend=_legend(),
        width=LABELS + CELL * len(kinds),
        height=HEAD + ROW * len(themes) + 40,
        role=_role(link),
    )


def _cell(
    progress: Progress, theme: Theme | None, kind: InstitutionKind | None, x: int, y: int, link: Link | None
) -> Cell:
    filters: dict[str, Any] = {"overdue": 1}
    if theme:
        filters["theme"] = theme.number
    if kind:
        filters["kind"] = kind.value
    names = [str(kind.label)] if kind else []
    names += [theme.local_label] if theme else []
    return Cell(
        label=" · ".join(names) or _("合计"),
        figures=progress.of(theme, kind),
        x=x,
        y=y,
        url=link(**filters) if link else "",
        is_sum=theme is None or kind is None,
    )


def _column_head(kind: InstitutionKind | None, x: int) -> Head:
    full = str(kind.label) if kind else _("合计")
    lines = wrapped(full, HEAD_COLUMNS)
    above = 15 * (len(lines) - 1)
    return Head(full, [Text(line, x + (CELL - GAP) // 2, HEAD - 10 - above + 15 * n) for n, line in enumerate(lines)])


def _row_head(theme: Theme | None, y: int) -> Head:
    if theme is None:
        return Head(_("合计"), [Text(_("合计"), 0, y + ROW // 2 + 5)])
    lines = [theme.local_label, *wrapped(theme.local_title, LABEL_COLUMNS)]
    texts = [Text(line, 0, y + 17 + n * 17) for n, line in enumerate(lines)]
    return Head(f"{theme.local_label} {theme.local_title}", texts)


def wrapped(text: str, width: int) -> list[str]:
    """At most two lines of so many narrow characters; an ellipsis where the rest is left to the mark's title."""
    if text.isascii():
        return textwrap.wrap(text, width * 8 // 7, max_lines=2, placeholder="…")
    lines, used = [""], 0
    for character in text:
        columns = 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if used + columns > width and character not in "，、。；,;":
            lines.append("")
            used = 0
        lines[-1] += character
        used += columns
    return lines if len(lines) <= 2 else [lines[0], lines[1][:-1] + "…"]


def shortened(text: str, width: int) -> str:
    """One line of so many narrow characters; an ellipsis stands for the rest."""
    lines = wrapped(text, width)
    return lines[0] if len(lines) == 1 else f"{lines[0]}…"


def _finding(progress: Progress) -> str:
    """Where most work is overdue."""
    cells = [(progress.of(theme, kind), theme, kind) for theme in progress.themes for kind in progress.kinds]
    worst = max(cells, key=lambda cell: cell[0].overdue, default=None)
    if worst is None or not worst[0].overdue:
        return _("没有逾期的任务")
    figures, theme, kind = worst
    return _("逾期最多：%(kind)s·%(theme)s，%(count)s 项") % {
        "kind": kind.label,
        "theme": theme.local_label,
        "count": f"{figures.overdue:,}",
    }


def _legend() -> list[Step]:
    labels = ["0"]
    labels += [f"≤ {step}%" for step in HEAT_STEPS[1:]]
    labels.append(f"> {HEAT_STEPS[-1]}%")
    return [Step(label, HEAT_COLOURS[level], level, 1 + level * LEGEND_STEP) for level, label in enumerate(labels)]
