"""What an address asks of a subject: filters, columns and order, and what of it makes no sense."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _

from portal.accounts.saved_views import clean_query
from portal.filters import said
from portal.keyset import BoundedCount, KeysetPage, count_beside, counted_page, keyset_page
from reports.explorer.subjects import Cell, Column, Line, Listed, Reader, in_words
from tasks.past import AT

COLUMN, SORT, AFTER = "column", "sort", "after"
MOST_NAMED = 5


class Asked:
    """One subject as a reader asks for it: as it is, or as it was at the end of the past `day`.

    A filter that makes no sense finds nothing, rather than everything; a day, a column or an order that makes none,
    or a parameter that nobody knows, leaves the rest in force and is named.
    """

    def __init__(self, listed: Listed, query: QueryDict, reader: Reader) -> None:
        self.query, self.reader = query, reader
        self._take(listed)
        self.day = self.form.past_day if listed.then else None
        if listed.then and self.day:
            self._take(listed.then(self.day))

    def _take(self, listed: Listed) -> None:
        self.listed = listed
        self.filterset = listed.filterset(self.query, queryset=listed.rows(self.reader), request=self.reader)
        self.form = self.filterset.form

    @cached_property
    def is_valid(self) -> bool:
        return not self.form.errors.keys() - {AT}

    @cached_property
    def found(self) -> QuerySet:
        return self.filterset.qs if self.is_valid else self.filterset.queryset.none()

    @property
    def all(self) -> QuerySet:
        """What the reader may see, whatever is asked."""
        return self.filterset.queryset

    # --- Columns and order --------------------------------------------------------------------------------

    @cached_property
    def columns(self) -> list[Column]:
        wanted = set(self.query.getlist(COLUMN))
        chosen = [column for column in self.listed.columns if column.key in wanted]
        return chosen or [column for column in self.listed.columns if column.is_shown]

    @cached_property
    def sort(self) -> str:
        wanted = self.query.get(SORT, "")
        return wanted if wanted.removeprefix("-") in self.listed.orders else self.listed.order

    @cached_property
    def order(self) -> list[str]:
        return self.listed.fields_of(self.sort)

    def with_columns(self, rows: QuerySet) -> QuerySet:
        """The rows with all that the columns shown read, and the order."""
        joins = {*self.listed.joins, *(join for column in self.columns for join in column.joins)}
        for column in self.listed.columns:
            if column.needs and (column in self.columns or column.key == self.sort.removeprefix("-")):
                rows = column.needs(rows)
        return rows.select_related(*sorted(joins)) if joins else rows

    def page(self, *, after: str, size: int) -> tuple[KeysetPage, BoundedCount]:
        """The rows from the cursor `after` on, and how many there are on all pages."""
        order: Any = {"by": self.order, "after": after, "size": size}
        if self.listed.is_counted_first:
            along = self.listed.fields_of(self.listed.order)
            return counted_page(self.found, along=along, whole=self.with_columns(self.all), **order)
        page = keyset_page(self.with_columns(self.found), **order)
        return page, count_beside(page, self.found, after=after)

    def lines(self, rows: Iterable[Any]) -> list[Line]:
        columns = [(column, str(column.label)) for column in self.columns]
        tick = _("选择%(name)s")
        return [
            Line(
                row,
                tick % {"name": self.listed.label_of(row)},
                [
                    Cell(label, column.css, column.template, "" if column.template else in_words(column.value(row)))
                    for column, label in columns
                ],
            )
            for row in map(self.shown, rows)
        ]

    def shown(self, row: Any) -> Any:
        """What the columns read of a row."""
        return self.listed.shown(row, self.day)

    # --- What the address says ----------------------------------------------------------------------------

    @cached_property
    def filters(self) -> str:
        """The filters alone, as another page of the same filters takes them."""
        return clean_query(self.query.urlencode(), self.form.fields)

    @cached_property
    def address(self) -> str:
        """The whole state but the cursor, so that the same list is the same text."""
        return clean_query(self.query.urlencode(), self.names)

    @property
    def address_now(self) -> str:
        """The same, with what the filters chose by themselves, such as the newest cycle: it stays as it is today."""
        return clean_query(self.filterset.data.urlencode(), self.names)

    @property
    def besides_columns(self) -> list[tuple[str, str]]:
        """What a choice of other columns leaves as it is."""
        kept = QueryDict(clean_query(self.query.urlencode(), [*self.form.fields, SORT]))
        return [(name, value) for name, values in kept.lists() for value in values]

    @property
    def names(self) -> Sequence[str]:
        return [*self.form.fields, COLUMN, SORT]

    @property
    def said(self) -> list[tuple[str, str]]:
        """The filters in force, in words."""
        self.filterset.is_valid()
        cleaned = self.form.cleaned_data
        return [
            (str(field.label), words)
            for name, field in self.form.fields.items()
            for _one, words in said(field, cleaned.get(name))
        ]

    @cached_property
    def gone(self) -> list[str]:
        """Columns and orders that are not, or no longer, there."""
        known = {column.key for column in self.listed.columns}
        columns = [key for key in self.query.getlist(COLUMN) if key and key not in known]
        sort = self.query.get(SORT, "")
        orders = [sort] if sort and sort.removeprefix("-") not in self.listed.orders else []
        return _named(columns + orders)

    @cached_property
    def unknown(self) -> list[str]:
        """Parameters that are no filter here."""
        known = {*self.names, AFTER}
        return _named(name for name in self.query if name not in known and any(self.query.getlist(name)))


def _named(words: Iterable[str]) -> list[str]:
    return [word[:40] for word in dict.fromkeys(words)][:MOST_NAMED]
