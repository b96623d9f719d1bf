"""The shape of a report: one section is read once, and is printed, told as data and written as sheets from that."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.utils.functional import Promise

from reports.contents.asked import Asked
from reports.sheets import Column

Context = Mapping[str, Any]


class Sheet(NamedTuple):
    """A table of a section, as a spreadsheet holds it: numbers, dates and text as such."""

    title: str | Promise
    columns: list[Column]
    rows: Iterator[list[Any]]


def _no_data(_context: Context) -> dict[str, Any]:
    return {}


def _no_sheets(_context: Context) -> list[Sheet]:
    return []


@dataclass(frozen=True)
class Section:
    """`template` prints what `read` gives, beside `report`, `plan` and `asked`; `data` and `sheets` tell the same.

    The heading is the layout's: a template begins below it. `key` is unique within a kind of report. An annex stands
    behind the others, on a page of its own, and has no number.
    """

    key: str
    title: str | Promise
    template: str
    read: Callable[[Asked], Context]
    data: Callable[[Context], dict[str, Any]] = _no_data
    sheets: Callable[[Context], list[Sheet]] = _no_sheets
    is_annex: bool = False


@dataclass(frozen=True)
class Contents:
    """A kind of report: the layout with its cover, what the cover says of the scope, and the sections in order.

    `composed_only` are sections that a composition may print beside these.
    """

    template: str
    scope: Callable[[Asked], Context]
    scope_data: Callable[[Context], dict[str, Any]]
    sections: tuple[Section, ...]
    composed_only: tuple[Section, ...] = ()
