"""Each tab of the dashboard against its own queries and template, at 25,000 institutions."""

from __future__ import annotations

from django.urls import reverse

from tests.bench.databases import LARGE, Bench
from tests.bench.figures import figure
from tests.bench.homes import READERS
from tests.bench.requests import TakenApart, get
from tests.bench.timing import interleaved, seconds

TABS = ("overview", "progress", "heat", "institutions", "regions", "maturity")
ROUNDS = 11


@figure("dashboard_25k", unit="×", at_most=1.5)
def dashboard_25k(bench: Bench) -> float:
    """A tab's request over its own SQL and its template with ready data: the worst tab of the worse reader."""
    ratios = {}
    with bench.using(bench.demo(LARGE)):
        for reader, email in READERS.items():
            client = bench.client(email)
            for tab in TABS:
                path = reverse(f"dashboard:{tab}")
                page = TakenApart(client, path)
                runs = {
                    "request": lambda client=client, path=path: seconds(lambda: get(client, path)),
                    "queries and template": lambda page=page: seconds(page.replay) + page.render(),
                }
                taken = interleaved(runs, rounds=ROUNDS)
                ratios[reader, tab] = taken.ratio("request", "queries and template")
                bench.say(f"  {reader}, {tab}: {ratios[reader, tab]:.2f} ×, {taken}")
    return max(ratios.values())
