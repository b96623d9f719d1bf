"""The task lists at 25,000 institutions against those at 500, and against their own queries and template."""

from __future__ import annotations

from collections.abc import Callable

from django.urls import reverse_lazy

from tests.bench.databases import LARGE, SMALL, Bench
from tests.bench.figures import figure
from tests.bench.requests import TakenApart, get
from tests.bench.timing import interleaved, seconds

OWN, SCOPE = reverse_lazy("tasks:list"), reverse_lazy("explorer:assignments")
READERS = {
    "contributor": ("contributor@sec01.example", OWN),
    "regional supervisor": ("supervisor@shanghai.example", SCOPE),
    "headquarters": ("lead@csrc.example", SCOPE),
}


@figure("task_list_growth", unit="×", at_most=1.5)
def task_list_growth(bench: Bench) -> float:
    """A task list at 25,000 institutions over the same at 500: the worst of the readers."""
    ratios = {}
    for reader, (email, path) in READERS.items():
        taken = interleaved({str(size): _request(bench, bench.demo(size), email, path) for size in (SMALL, LARGE)})
        ratios[reader] = taken.ratio(str(LARGE), str(SMALL))
        bench.say(f"  {reader}: {taken}")
    return max(ratios.values())


def _request(bench: Bench, database: str, email: str, path: str) -> Callable[[], float]:
    """A full request through all middleware, timed."""
    with bench.using(database):
        client = bench.client(email)

    def run() -> float:
        with bench.using(database):
            return seconds(lambda: get(client, str(path)))

    return run


@figure("task_list_vs_sql", unit="×", at_most=1.5)
def task_list_vs_sql(bench: Bench) -> float:
    """A task list at 25,000 institutions over its own SQL and its template with ready data: the worst reader."""
    database = bench.demo(LARGE)
    ratios = {}
    for reader, (email, path) in READERS.items():
        with bench.using(database):
            client = bench.client(email)
            page = TakenApart(client, str(path))
            runs = {
                "request": lambda client=client, path=path: seconds(lambda: get(client, str(path))),
                "queries and template": lambda page=page: seconds(page.replay) + page.render(),
            }
            taken = interleaved(runs)
        ratios[reader] = taken.ratio("request", "queries and template")
        bench.say(f"  {reader}: {taken}")
    return max(ratios.values())
