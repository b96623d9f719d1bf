"""Search at 25,000 institutions against the same at 500: rare and common words, names and texts, for each reader."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from django.urls import reverse

from tests.bench.databases import LARGE, SMALL, Bench
from tests.bench.figures import figure
from tests.bench.requests import get
from tests.bench.task_lists import READERS
from tests.bench.timing import interleaved, seconds

ROUNDS = 11
# A task's number, a common part of names, a word of most texts, a phrase of some, and what nobody wrote.
WORDS = ("9", "证券", "附件", "请补充正式印发的版本", "鲸落")


@figure("search_growth", unit="×", at_most=1.5)
def search_growth(bench: Bench) -> float:
    """The dialog's answer at 25,000 institutions over the same at 500: the worst of words and readers."""
    ratios = []
    for reader, (email, _path) in READERS.items():
        for words in WORDS:
            runs = {str(size): _request(bench, bench.demo(size), email, words) for size in (SMALL, LARGE)}
            taken = interleaved(runs, rounds=ROUNDS)
            ratios.append(taken.ratio(str(LARGE), str(SMALL)))
            bench.say(f"  {reader}, {words}: {taken}")
    return max(ratios)


def _request(bench: Bench, database: str, email: str, words: str) -> Callable[[], float]:
    """A full request through all middleware, timed."""
    with bench.using(database):
        client = bench.client(email)
    url = f"{reverse('shell:search_found')}?q={quote(words)}"

    def run() -> float:
        with bench.using(database):
            return seconds(lambda: get(client, url))

    return run
