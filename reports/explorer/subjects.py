"""How a subject is declared: its rows, columns, filters and orders. Each has a file of its own beside this one."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import Promise

from portal.accounts.enums import ListPage, Permission
from portal.accounts.filters import ScopeFilter
from portal.accounts.models import Membership, User
from reports.enums import Subject

Words = str | Promise


class Reader(Protocol):
    """Who reads, and for which body: a request, or the person for whom a worker makes a file."""

    @property
    def user(self) -> Any: ...

    @property
    def membership(self) -> Any: ...


@dataclass(frozen=True)
class Reading:
    user: User
    membership: Membership


@dataclass(frozen=True)
class Column:
    """`value` of a row is what a file holds; a page shows it in words, or draws `template`, which has the `row`.

    `width` is in characters, for spreadsheets. `joins` are read with the rows while the column is shown; `needs`
    annotates them.
    """

    key: str
    label: Words
    value: Callable[[Any], Any]
    width: int = 14
    template: str = ""
    css: str = ""
    is_shown: bool = True
    joins: tuple[str, ...] = ()
    needs: Callable[[QuerySet], QuerySet] | None = None


@dataclass(frozen=True)
class Cell:
    """A column of one row, as a page draws it."""

    label: str
    css: str
    template: str
    text: str


@dataclass(frozen=True)
class Line:
    row: Any
    label: str
    cells: list[Cell]


@dataclass(frozen=True)
class Bulk:
    """One step for many rows, for who has the permission `needs`.

    The ticked rows go to `url_name`; so do the filters, for all that is found, where `label_all` names that.
    """

    label: Words
    icon: str
    url_name: str
    needs: Permission
    label_all: Words = ""


def _as_it_is(row: Any, day: datetime.date | None) -> Any:
    return row


@dataclass(frozen=True)
class Listed:
    """One subject as it is written down.

    `orders` gives the fields of each order a page may have, those of an index, by the key of the column whose head
    sorts by it. `joins` are always read with the rows. Rows ticked for a step of `bulk` go there as `row_name`, and
    `ticked` says of which list they are. Columns read what `shown` makes of a row on the day asked for. `then` gives
    the list as at a past day, where there is one. Where `is_counted_first`, a page is found as `counted_page` does,
    along the list's own order.
    """

    subject: Subject
    page: ListPage
    purpose: Words
    nothing: Words
    rows: Callable[[Reader], QuerySet]
    filterset: type[ScopeFilter]
    columns: Sequence[Column]
    orders: Mapping[str, Sequence[str]]
    order: str
    label_of: Callable[[Any], str]
    links: str = ""
    joins: tuple[str, ...] = ()
    ticked: str = ""
    row_name: str = ""
    bulk: tuple[Bulk, ...] = ()
    shown: Callable[[Any, Any], Any] = _as_it_is
    then: Callable[[datetime.date], Listed] | None = None
    is_counted_first: bool = False

    @property
    def key(self) -> str:
        return self.subject.value

    def fields_of(self, sort: str) -> list[str]:
        """What rows are ordered by: all ascend, or all descend (`-`)."""
        fields = self.orders[sort.removeprefix("-")]
        return [f"-{name}" for name in fields] if sort.startswith("-") else list(fields)


def in_words(value: Any) -> str:
    """As a page shows it."""
    if value is None or value == "":
        return "–"
    if isinstance(value, datetime.datetime):
        return timezone.localtime(value).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, datetime.date):
        return value.isoformat()
    return f"{value:,}" if isinstance(value, int) else str(value)
