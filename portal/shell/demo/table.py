"""Rows on their way into the database by COPY, with their ids given here.

Work for 25,000 institutions is some millions of rows: too many to be saved one by one, or even by bulk_create.
"""

from __future__ import annotations

import datetime
from typing import Any

from django.db import connection, models
from django.utils import timezone


class Table:
    """Collects rows of one model; `flush` writes them. A field that is not given takes its default.

    Ids go on from the highest one there was: nothing else may write to the table until the last `flush`.
    """

    def __init__(self, model: type[models.Model]) -> None:
        self.model = model
        self.fields = list(model._meta.concrete_fields)
        self.table = connection.ops.quote_name(model._meta.db_table)
        self.position = {field.attname: index for index, field in enumerate(self.fields)}
        self.blank = [self._default(field) for field in self.fields]
        self.counts = isinstance(model._meta.pk, models.AutoField)
        self.key = self.position[model._meta.pk.attname]
        self.rows: list[list[Any]] = []
        self.last_id = self._highest_id(model) if self.counts else 0

    @staticmethod
    def _default(field: models.Field) -> Any:
        if field.default is timezone.now:
            return datetime.datetime.now(datetime.UTC)
        return None if field.primary_key else field.get_default()

    @staticmethod
    def _highest_id(model: type[models.Model]) -> int:
        return model._base_manager.aggregate(highest=models.Max("pk"))["highest"] or 0

    def add(self, **values: Any) -> Any:
        """Take a row, by attribute names of its fields; return its key. JSON goes in as text."""
        row = self.blank.copy()
        for name, value in values.items():
            row[self.position[name]] = value
        if self.counts:
            self.last_id += 1
            row[self.key] = self.last_id
        self.rows.append(row)
        return row[self.key]

    def flush(self) -> None:
        columns = ", ".join(connection.ops.quote_name(str(field.column)) for field in self.fields)
        with connection.cursor() as cursor:
            with cursor.copy(f"COPY {self.table} ({columns}) FROM STDIN") as copy:
                for row in self.rows:
                    copy.write_row(row)
            if self.counts and self.rows:
                column = self.fields[self.key].column
                sequence = "SELECT setval(pg_get_serial_sequence(%s, %s), %s)"
                cursor.execute(sequence, [self.table, column, self.last_id])
        self.rows = []
