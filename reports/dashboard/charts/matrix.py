"""Red, amber, green and grey: rows × columns, each cell a condition with its shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from reports.charts import Text, wrapped
from reports.dashboard.charts.marks import MARKS, Mark
from reports.progress import Condition

GAP = 2
HEAD, FOOT = 44, 36
LEGEND_STEP = 124
SHOWN_CHARACTERS = 48


class Cell(NamedTuple):
    """`was` is the condition on the other day where that was another; `title` says the cell in words."""

    x: int
    mark: Mark
    was: Mark | None
    text: str
    title: str
    url: str


class Row(NamedTuple):
    full: str
    lines: list[Text]
    url: str
    y: int
    cells: list[Cell]


class Column(NamedTuple):
    full: str
    lines: list[Text]


class LegendEntry(NamedTuple):
    mark: Mark
    x: int


class Matrix(NamedTuple):
    title: str
    description: str
    columns: list[Column]
    rows: list[Row]
    legend: list[LegendEntry]
    cell_width: int
    cell_height: int
    width: int
    height: int

    @property
    def mark_y(self) -> int:
        return (self.cell_height - 16) // 2

    @property
    def text_y(self) -> int:
        return self.cell_height // 2 + 5

    @property
    def mark_x(self) -> int:
        """At the left of what is written beside it, else in the middle."""
        return 8 if any(cell.text for row in self.rows for cell in row.cells) else (self.cell_width - 16) // 2

    @property
    def was_x(self) -> int:
        return self.cell_width - 11

    @property
    def foot(self) -> int:
        return self.height - FOOT + 14


class Entry(NamedTuple):
    """What a cell says, before it has its place."""

    condition: Condition
    was: Condition | None
    title: str
    url: str
    text: str = ""


def matrix(
    *,
    title: str,
    description: str,
    columns: Sequence[tuple[str, str]],
    rows: Sequence[tuple[str, str, Sequence[Entry]]],
    labels: int,
    cell: tuple[int, int],
) -> Matrix:
    """`columns` are names, short and in full; `rows` names with their address; `labels` is the room for those."""
    width, height = cell
    placed = []
    for n, (name, url, entries) in enumerate(rows):
        texts = wrapped(name, labels // 7 - 2)
        first = height // 2 + 5 - 8 * (len(texts) - 1)
        lines = [Text(text, 0, first + 16 * line) for line, text in enumerate(texts)]
        cells = [_cell(entry, labels + m * width) for m, entry in enumerate(entries)]
        placed.append(Row(_cut(name), lines, url, HEAD + n * height, cells))
    heads = [_column(short, full, labels + m * width, width) for m, (short, full) in enumerate(columns)]
    legend = [LegendEntry(mark, n * LEGEND_STEP) for n, mark in enumerate(MARKS.values())]
    return Matrix(
        title=title,
        description=description,
        columns=heads,
        rows=placed,
        legend=legend,
        cell_width=width,
        cell_height=height,
        width=max(labels + width * len(columns), LEGEND_STEP * len(legend)),
        height=HEAD + height * len(rows) + FOOT,
    )


def _cell(entry: Entry, x: int) -> Cell:
    was = MARKS[entry.was] if entry.was not in (None, entry.condition) else None
    return Cell(x, MARKS[entry.condition], was, entry.text, entry.title, entry.url)


def _column(short: str, full: str, x: int, width: int) -> Column:
    texts = wrapped(short, max(width // 7, 3))
    above = 15 * (len(texts) - 1)
    return Column(
        _cut(full), [Text(text, x + (width - GAP) // 2, HEAD - 10 - above + 15 * n) for n, text in enumerate(texts)]
    )


def _cut(name: str) -> str:
    """A title is for the mouse; the table below has every name in full."""
    return name if len(name) <= SHOWN_CHARACTERS else name[: SHOWN_CHARACTERS - 1] + "…"
