"""A request in the bench's own process, whole and taken apart."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from unittest.mock import patch

from django.db import connection
from django.template.backends.django import Template
from django.test import Client

from tests.bench.timing import seconds


def get(client: Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 200, response.status_code


class TakenApart:
    """One page taken apart: its queries, and its template with the data that these brought."""

    def __init__(self, client: Client, path: str) -> None:
        self.queries: list[tuple[str, tuple]] = []
        self.rendered: list[tuple] = []
        get(client, path)  # what a cache keeps is no part of the page
        with connection.execute_wrapper(self._note), self._noting_render():
            get(client, path)
        self.template, self.context, self.request = self.rendered[-1]

    def _note(self, execute, sql, params, many, context):
        self.queries.append((sql, params))
        return execute(sql, params, many, context)

    @contextmanager
    def _noting_render(self):
        original, rendered = Template.render, self.rendered

        def render(template, context=None, request=None):
            html = original(template, context, request)
            # Forms render templates of their own first; the page's is done last.
            rendered.append((template, context, request))
            return html

        with patch.object(Template, "render", render):
            yield

    def replay(self) -> None:
        """The same statements, through the database's own driver."""
        with connection.connection.cursor() as cursor:
            for sql, params in self.queries:
                cursor.execute(sql, params)
                cursor.fetchall()

    def render(self) -> float:
        """The time of rendering, without that of the frame's queries, which are among those replayed."""
        return without_queries(lambda: self.template.render(self.context, self.request))


def without_queries(run: Callable[[], object]) -> float:
    """The seconds that `run` takes, less those in which the database answers."""
    in_queries: list[float] = []

    def timed(execute, sql, params, many, context):
        result = []
        in_queries.append(seconds(lambda: result.append(execute(sql, params, many, context))))
        return result[0]

    with connection.execute_wrapper(timed):
        whole = seconds(run)
    return whole - sum(in_queries)
