"""A statement that PostgreSQL works at while the worker goes on: Django's cursors wait for each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import DatabaseError, connection
from psycopg.pq import ExecStatus


class Background:
    """One prepared statement, over Django's own connection, which takes no other before `settle`.

    It is planned once: planning it for the values of each message would take longer than the rest of it.
    """

    def __init__(self, name: str, sql: str) -> None:
        self.name, self.sql = name, sql
        self.is_busy = False

    def prepare(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET plan_cache_mode = force_generic_plan")
            cursor.execute(f"PREPARE {self.name} AS {self.sql}")

    def forget(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"DEALLOCATE {self.name}")
            cursor.execute("RESET plan_cache_mode")

    def execute(self, *values: str) -> None:
        """Send it, and return."""
        self.settle()
        with connection.wrap_database_errors:
            connection.connection.pgconn.send_query_prepared(self.name.encode(), [value.encode() for value in values])
        self.is_busy = True

    def first(self, execute: Callable[..., Any], *statement: Any) -> Any:
        """For `connection.execute_wrapper`: other statements wait. What begins a transaction has to `settle`."""
        self.settle()
        return execute(*statement)

    def settle(self) -> None:
        """Wait until what was sent is done."""
        if not self.is_busy:
            return
        self.is_busy = False
        for result in list(iter(connection.connection.pgconn.get_result, None)):
            if result.status != ExecStatus.COMMAND_OK:
                raise DatabaseError(result.get_error_message())
