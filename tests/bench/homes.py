"""The supervisors' home against its own queries and template, and at 25,000 institutions against 500."""

from __future__ import annotations

from collections.abc import Callable

from django.urls import reverse

from tests.bench.databases import LARGE, SMALL, Bench
from tests.bench.figures import figure
from tests.bench.requests import TakenApart, get
from tests.bench.timing import interleaved, seconds

READERS = {"regional supervisor": "supervisor@shanghai.example", "headquarters": "lead@csrc.example"}


@figure("home_500", unit="×", at_most=1.5)
def home_500(bench: Bench) -> float:
    """A supervisor's home at 500 institutions over its own SQL and its template with ready data: the worse reader."""
    return _over_its_parts(bench, SMALL)


@figure("home_25k", unit="×", at_most=1.5)
def home_25k(bench: Bench) -> float:
    """The same at 25,000 institutions."""
    return _over_its_parts(bench, LARGE)


@figure("home_growth", unit="×", at_most=3)
def home_growth(bench: Bench) -> float:
    """A supervisor's home at 25,000 institutions over the same at 500: the worse reader."""
    ratios = {}
    for reader, email in READERS.items():
        taken = interleaved({str(size): _request(bench, bench.demo(size), email) for size in (SMALL, LARGE)})
        ratios[reader] = taken.ratio(str(LARGE), str(SMALL))
        bench.say(f"  {reader}: {taken}")
    return max(ratios.values())


def _request(bench: Bench, database: str, email: str) -> Callable[[], float]:
    with bench.using(database):
        client = bench.client(email)

    def run() -> float:
        with bench.using(database):
            return seconds(lambda: get(client, reverse("home")))

    return run


def _over_its_parts(bench: Bench, size: int) -> float:
    database = bench.demo(size)
    ratios = {}
    for reader, email in READERS.items():
        with bench.using(database):
            client = bench.client(email)
            page = TakenApart(client, reverse("home"))
            runs = {
                "request": lambda client=client: seconds(lambda: get(client, reverse("home"))),
                "queries and template": lambda page=page: seconds(page.replay) + page.render(),
            }
            taken = interleaved(runs)
        ratios[reader] = taken.ratio("request", "queries and template")
        bench.say(f"  {reader}: {taken}")
    return max(ratios.values())
