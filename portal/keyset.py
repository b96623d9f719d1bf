"""Pages of very long lists: each starts after the last row of the one before, so any page costs what the first does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from itertools import chain
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet, ValidationError
from django.db import connection
from django.db.models import BooleanField, Field, Func, QuerySet, Value
from django.db.models.constants import LOOKUP_SEP
from django.db.models.lookups import GreaterThan, LessThan

SEPARATOR = "~"
COUNT_LIMIT = 500


class _Row(Func):
    """A row value: PostgreSQL compares two of them along an index over the same columns."""

    function = "ROW"
    output_field = BooleanField()


class KeysetPage(NamedTuple):
    rows: list
    next_cursor: str


class BoundedCount(NamedTuple):
    """At most COUNT_LIMIT; `more` when there are more than that."""

    number: int
    more: bool


def keyset_page(rows: QuerySet, *, by: Sequence[str], after: str, size: int) -> KeysetPage:
    """`size` rows ordered `by` fields, of the model or of rows it leads to (`__`) or annotated, that are together
    unique, from the cursor `after` on.

    Either all fields ascend, or all descend (`-`). A cursor that cannot be read means the first page.
    """
    return _page(rows, rows, by, after, size)


def counted_page(
    rows: QuerySet, *, by: Sequence[str], along: Sequence[str], after: str, size: int, whole: QuerySet
) -> tuple[KeysetPage, BoundedCount]:
    """The page as `keyset_page` gives it, and how many rows there are on all pages.

    Keys are looked for first, `along` an order that has an index, no further than is counted. Where that is all of
    them, or the page is the first in this order, it is among them: then the few rows that are asked of however many
    are looked for once, and where they are rather than where PostgreSQL expects them. With their columns rows are
    read from `whole`, which has them unfiltered: the index that finds them need not have more than is asked.
    """
    keys = list(rows.order_by(*along).values_list("pk", flat=True)[: COUNT_LIMIT + 1])
    count = BoundedCount(min(len(keys), COUNT_LIMIT), len(keys) > COUNT_LIMIT)
    is_first = list(by) == list(along) and not after
    if is_first or not count.more:
        rows = rows.model._default_manager.filter(pk__in=keys[: size + 1] if is_first else keys)
    return _page(rows, whole, by, after, size), count


def _page(rows: QuerySet, whole: QuerySet, by: Sequence[str], after: str, size: int) -> KeysetPage:
    names = [name.removeprefix("-") for name in by]
    fields = [_field(rows, name) for name in names]
    start = _read(after, fields)
    if start:
        comparison = LessThan if by[0].startswith("-") else GreaterThan
        bounds = [Value(value, output_field=field) for value, field in zip(start, fields, strict=True)]
        rows = rows.filter(comparison(_Row(*names), _Row(*bounds)))
    if whole is not rows:
        rows = whole.filter(pk__in=rows.order_by(*by).values("pk")[: size + 1])
    found = list(rows.order_by(*by)[: size + 1])
    cursor = _cursor(found[size - 1], names, fields) if len(found) > size else ""
    return KeysetPage(found[:size], cursor)


def _field(rows: QuerySet, name: str) -> Field:
    if name in rows.query.annotations:
        return rows.query.annotations[name].output_field
    model: Any = rows.model
    *path, last = name.split(LOOKUP_SEP)
    for step in path:
        model = model._meta.get_field(step).related_model
    return model._meta.pk if last == "pk" else model._meta.get_field(last)


def _cursor(row: Any, names: Sequence[str], fields: Sequence[Field]) -> str:
    return SEPARATOR.join(_text(row, name, field) for name, field in zip(names, fields, strict=True))


def _text(row: Any, name: str, field: Field) -> str:
    """An annotated value's field is no model's, so it does not know where the value is."""
    if not hasattr(field, "attname"):
        return str(getattr(row, name))
    return field.value_to_string(reduce(getattr, name.split(LOOKUP_SEP)[:-1], row))


def _read(cursor: str, fields: Sequence[Field]) -> list | None:
    parts = cursor.split(SEPARATOR)
    if len(parts) != len(fields):
        return None
    try:
        return [field.to_python(part) for field, part in zip(fields, parts, strict=True)]
    except (ValidationError, ValueError):
        return None


def count_beside(page: KeysetPage, rows: QuerySet, *, after: str) -> BoundedCount:
    """How many rows there are beside a page of them: where all stand on the first page, nothing is counted again."""
    if not after and not page.next_cursor:
        return BoundedCount(len(page.rows), False)
    return bounded_count(rows)


def bounded_count(rows: QuerySet) -> BoundedCount:
    """How many rows there are, without counting on past the limit."""
    (count,) = bounded_counts(rows)
    return count


def bounded_counts(*several: QuerySet) -> list[BoundedCount]:
    """Of each how many rows of its model there are, all in one query."""
    counts, parameters = zip(*map(_counting, several), strict=True)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(counts)}", [*chain(*parameters)])
        return [BoundedCount(min(number, COUNT_LIMIT), number > COUNT_LIMIT) for number in cursor.fetchone()]


def _counting(rows: QuerySet) -> tuple[str, Sequence[Any]]:
    try:
        sql, parameters = rows.order_by().values("pk")[: COUNT_LIMIT + 1].query.sql_with_params()
    except EmptyResultSet:
        return "0", []
    return f"(SELECT count(*) FROM ({sql}) AS counted)", parameters  # noqa: S608 - a queryset's own text


def together(counts: Iterable[BoundedCount]) -> BoundedCount:
    """The counts of parts as that of the whole."""
    numbers, more = zip(*counts, strict=True)
    return BoundedCount(min(sum(numbers), COUNT_LIMIT), any(more) or sum(numbers) > COUNT_LIMIT)
