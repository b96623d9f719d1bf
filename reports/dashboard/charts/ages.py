"""Overdue work by how long it is overdue: a row for each theme or kind, bars from zero to one scale."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import NamedTuple

from django.utils.translation import gettext as _

from reports.charts import Text, wrapped
from reports.progress import AGES, DAYS_LATE, Lateness

LEFT, COLUMN, LONGEST = 172, 92, 40
ROW, HEAD = 48, 30
LABEL_COLUMNS = 22
# The least and most days late of each age.


class Cell(NamedTuple):
    value: str
    title: str
    x: int
    width: int
    url: str


class Row(NamedTuple):
    full: str
    lines: list[Text]
    y: int
    cells: list[Cell]


class AgeChart(NamedTuple):
    """`key` keeps the ids of two charts on one page apart."""

    key: str
    title: str
    heads: list[Text]
    rows: list[Row]
    width: int
    height: int


def age_label(age: Lateness) -> str:
    least, most = DAYS_LATE[age]
    if most is None:
        return _("超过 %(days)s 天") % {"days": least - 1}
    return _("%(least)s–%(most)s 天") % {"least": least, "most": most}


def age_chart(key: str, ages: Mapping[str, Counter[int]], link: Callable[[str, dict[str, int]], str]) -> AgeChart:
    """`ages` by name; `link(name, filters)` gives the address of the list behind a bar."""
    most = max((number for ages_of_one in ages.values() for number in ages_of_one.values()), default=0) or 1
    rows = []
    for n, (name, numbers) in enumerate(ages.items()):
        texts = wrapped(name, LABEL_COLUMNS)
        first = ROW // 2 + 5 - 8 * (len(texts) - 1)
        cells = [
            Cell(
                value=f"{numbers[age]:,}",
                title=f"{name} · {age_label(age)}：{numbers[age]:,}",
                x=LEFT + m * COLUMN,
                width=round(LONGEST * numbers[age] / most),
                url=link(name, _between(age)),
            )
            for m, age in enumerate(AGES)
        ]
        rows.append(
            Row(name, [Text(text, 0, first + 16 * line) for line, text in enumerate(texts)], HEAD + n * ROW, cells)
        )
    return AgeChart(
        key=key,
        title=_finding(ages),
        heads=[Text(age_label(age), LEFT + m * COLUMN, HEAD - 10) for m, age in enumerate(AGES)],
        rows=rows,
        width=LEFT + COLUMN * len(AGES),
        height=HEAD + ROW * len(rows),
    )


def _between(age: Lateness) -> dict[str, int]:
    least, most = DAYS_LATE[age]
    return {"overdue": 1, "late": least - 1} | ({"late_max": most} if most else {})


def _finding(ages: Mapping[str, Counter[int]]) -> str:
    oldest = {name: numbers[Lateness.DAYS_181] for name, numbers in ages.items()}
    if not any(numbers.total() for numbers in ages.values()):
        return _("没有逾期的任务")
    if not sum(oldest.values()):
        return _("没有逾期超过 180 天的任务")
    worst = max(oldest, key=lambda name: oldest[name])
    return _("逾期超过 180 天的共 %(total)s 项，最多的是%(name)s，%(number)s 项") % {
        "total": f"{sum(oldest.values()):,}",
        "name": worst,
        "number": f"{oldest[worst]:,}",
    }
