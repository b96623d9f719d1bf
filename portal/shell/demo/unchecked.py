"""Foreign keys, indexes and triggers put aside while millions of rows come in.

PostgreSQL then checks each key once for the whole table, not once a row, and sorts each index once; the rows tell of
an invented past, and nothing is to be noted of their coming in. All of it is part of the caller's transaction:
whatever fails leaves the tables as they were.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db import connection, models

FOREIGN_KEYS = """
    SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid)
    FROM pg_constraint WHERE contype = 'f' AND conrelid = ANY(%s::regclass[])
"""
INDEXES = """
    SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
    WHERE indrelid = ANY(%s::regclass[]) AND NOT indisunique
"""


@contextmanager
def unchecked(tables: Iterable[type[models.Model]]) -> Iterator[None]:
    """Drop them for the body, and make them again; a row that points nowhere is found then, with IntegrityError."""
    names = [[connection.ops.quote_name(model._meta.db_table) for model in tables]]
    with connection.cursor() as cursor:
        foreign_keys = cursor.execute(FOREIGN_KEYS, names).fetchall()
        indexes = cursor.execute(INDEXES, names).fetchall()
        for table, name, _definition in foreign_keys:
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        for name, _definition in indexes:
            cursor.execute(f"DROP INDEX {name}")
        for table in names[0]:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    yield
    with connection.cursor() as cursor:
        for table in names[0]:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        for _name, definition in indexes:
            cursor.execute(definition)
        for table, name, definition in foreign_keys:
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
