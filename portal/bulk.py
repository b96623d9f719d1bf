"""Set-based inserts: one `INSERT … SELECT`, so that 625,000 rows never pass through Python."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Model, QuerySet


def insert_select(model: type[Model], fields: list[str], rows: QuerySet, *, ignore_conflicts: bool = True) -> int:
    """Insert one row of `model` per row of `rows`, a `values_list` in the order of `fields`; return how many.

    Rows that meet a unique constraint are left as they are, so that a second run inserts nothing.
    """
    options: Any = model._meta
    quote = connection.ops.quote_name
    columns = ", ".join(quote(options.get_field(field).column) for field in fields)
    try:
        select, parameters = rows.query.sql_with_params()
    except EmptyResultSet:
        return 0
    tail = " ON CONFLICT DO NOTHING" if ignore_conflicts else ""
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {quote(options.db_table)} ({columns}) {select}{tail}", parameters)
        return cursor.rowcount
