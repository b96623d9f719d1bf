"""The task lists at 25,000 institutions against those at 500, and against their own queries and template."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from unittest.mock import patch

from django.db import connection
from django.template.backends.django import Template
from django.test import Client
from django.urls import reverse

from tests.bench.databases import LARGE, SMALL, Bench
from tests.bench.figures import figure
from tests.bench.timing import interleaved, seconds

READERS = {
    "contributor": "contributor@sec01.example",
    "regional supervisor": "supervisor@shanghai.example",
    "headquarters": "lead@csrc.example",
}


@figure("task_list_growth", unit="×", at_most=1.5)
def task_list_growth(bench: Bench) -> float:
    """A task list at 25,000 institutions over the same at 500: the worst of the readers."""
    ratios = {}
    for reader, email in READERS.items():
        taken = interleaved({str(size): _request(bench, bench.demo(size), email) for size in (SMALL, LARGE)})
        ratios[reader] = taken.ratio(str(LARGE), str(SMALL))
        bench.say(f"  {reader}: {taken}")
    return max(ratios.values())


def _request(bench: Bench, database: str, email: str) -> Callable[[], float]:
    """A full request through all middleware, timed."""
    with bench.using(database):
        client = bench.client(email)

    def run() -> float:
        with bench.using(database):
            return seconds(lambda: _get(client))

    return run


def _get(client: Client) -> None:
    response = client.get(reverse("tasks:list"))
    assert response.status_code == 200, response.status_code


@figure("task_list_vs_sql", unit="×", at_most=1.5)
def task_list_vs_sql(bench: Bench) -> float:
    """A task list at 25,000 institutions over its own SQL and its template with ready data: the worst reader."""
    database = bench.demo(LARGE)
    ratios = {}
    for reader, email in READERS.items():
        with bench.using(database):
            client = bench.client(email)
            page = _Page(client)
            runs = {
                "request": lambda client=client: seconds(lambda: _get(client)),
                "queries and template": lambda page=page: seconds(page.replay) + page.render(),
            }
            taken = interleaved(runs)
        ratios[reader] = taken.ratio("request", "queries and template")
        bench.say(f"  {reader}: {taken}")
    return max(ratios.values())


class _Page:
    """One page taken apart: its queries, and its template with the data that these brought."""

    def __init__(self, client: Client) -> None:
        self.queries: list[tuple[str, tuple]] = []
        self.rendered: list[tuple] = []
        with connection.execute_wrapper(self._note), self._noting_render():
            _get(client)
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
        in_queries: list[float] = []

        def timed(execute, sql, params, many, context):
            result = []
            in_queries.append(seconds(lambda: result.append(execute(sql, params, many, context))))
            return result[0]

        with connection.execute_wrapper(timed):
            whole = seconds(lambda: self.template.render(self.context, self.request))
        return whole - sum(in_queries)
