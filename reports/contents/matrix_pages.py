"""Institutions × tasks on paper: a picture a page, in which all marks of one condition are one path.

Laid out as cells of a table, or as an element each, 12,500 marks keep WeasyPrint busy for many seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from reports.charts import Text, wrapped
from reports.dashboard.charts.marks import MARKS, Mark
from reports.progress import Condition

ROWS, COLUMNS = 38, 25  # on a page, at most
LABELS, CELL, GAP, MARK = 224, 22, 2, 16
HEAD, FOOT = 24, 30
LABEL_COLUMNS = 30
LEGEND_STEP = 112


class Layer(NamedTuple):
    """All cells of one condition on a page, as two SVG paths: the grounds of neighbours, and the marks above."""

    mark: Mark
    grounds: str
    marks: str


class Page(NamedTuple):
    """`number` of `count`; `first` and `last` are its rows, counted from one."""

    number: int
    count: int
    first: int
    last: int
    heads: list[Text]
    names: list[Text]
    layers: list[Layer]
    legend: list[tuple[Mark, int]]
    width: int
    height: int

    @property
    def foot(self) -> int:
        return self.height - MARK


class Row(NamedTuple):
    name: str
    conditions: Sequence[Condition]


def matrix_pages(rows: Sequence[Row], heads: Sequence[str]) -> list[Page]:
    """As many pages as rows and columns need; a plan of many tasks goes on beside itself."""
    blocks = [(row, column) for row in range(0, len(rows), ROWS) for column in range(0, max(len(heads), 1), COLUMNS)]
    return [
        _page(number, len(blocks), row, rows[row : row + ROWS], column, heads[column : column + COLUMNS])
        for number, (row, column) in enumerate(blocks, 1)
    ]


def _page(number: int, count: int, start: int, rows: Sequence[Row], column: int, heads: Sequence[str]) -> Page:
    return Page(
        number=number,
        count=count,
        first=start + 1,
        last=start + len(rows),
        heads=[Text(head, LABELS + n * CELL + (CELL - GAP) // 2, HEAD - 8) for n, head in enumerate(heads)],
        names=[Text(_cut(row.name), 0, HEAD + n * CELL + 15) for n, row in enumerate(rows)],
        layers=list(_layers(rows, column, len(heads))),
        legend=[(mark, n * LEGEND_STEP) for n, mark in enumerate(MARKS.values())],
        width=max(LABELS + CELL * COLUMNS, LEGEND_STEP * len(MARKS)),
        height=HEAD + CELL * len(rows) + FOOT,
    )


def _layers(rows: Sequence[Row], column: int, columns: int) -> Iterator[Layer]:
    runs = [
        (condition, n, start, length)
        for n, row in enumerate(rows)
        for condition, start, length in _runs(row.conditions[column : column + columns])
    ]
    for condition, mark in MARKS.items():
        own = [(n, start, length) for known, n, start, length in runs if known == condition]
        if own:
            yield Layer(mark, "".join(_ground(*run) for run in own), "".join(_marks(mark, *run) for run in own))


def _runs(conditions: Sequence[Condition]) -> Iterator[tuple[Condition, int, int]]:
    """Neighbours of the same condition, as (condition, where they begin, how many)."""
    start = 0
    for condition, run in groupby(conditions):
        length = len(list(run))
        yield condition, start, length
        start += length


def _ground(row: int, start: int, length: int) -> str:
    width, height = length * CELL - GAP, CELL - GAP
    return f"M{LABELS + start * CELL} {HEAD + row * CELL}h{width}v{height}h-{width}z"


def _marks(mark: Mark, row: int, start: int, length: int) -> str:
    inset = (CELL - GAP - MARK) // 2
    y = HEAD + row * CELL + inset
    return "".join(f"M{LABELS + (start + n) * CELL + inset} {y}{mark.shape}" for n in range(length))


def _cut(name: str) -> str:
    lines = wrapped(name, LABEL_COLUMNS)
    return lines[0] if len(lines) == 1 else lines[0].rstrip("…") + "…"
