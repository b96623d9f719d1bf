"""The explorer: its lists at 25,000 institutions against those at 500, and a file of all assignments."""

from __future__ import annotations

import datetime
import os
import subprocess
import sys
from collections.abc import Callable

from django.urls import reverse
from django.utils import timezone

from tests.bench.databases import LARGE, ROOT, SMALL, Bench
from tests.bench.figures import figure
from tests.bench.requests import get
from tests.bench.timing import interleaved, seconds

REGIONAL, HEADQUARTERS = "supervisor@shanghai.example", "lead@csrc.example"
# What many rows match, what few do, and what none does; alone and together.
ASSIGNMENTS = [
    "",
    "overdue=1",
    "late=30",
    "late=3000",
    "state=returned",
    "state=awaiting_signature&state=returned",
    "task=25",
    "theme=5",
    "theme=5&late=30",
    "kind=fund",
    "kind=association",
    "kind=fund&region=xizang",
    "region=qinghai&state=returned",
    "kind=futures&region=shanghai&theme=5&late=30",
    "kind=core&task=3&state=returned&late=30",
    "sort=-deadline&overdue=1",
    "sort=task&state=submitted",
]
# The same as at the end of a day, so many days ago.
DAYS_AGO = (300, 150, 7)
THEN = [
    "",
    "overdue=1",
    "late=3000",
    "state=accepted",
    "state=submitted",
    "state=awaiting_signature&state=returned",
    "state=in_progress&state=returned",
    "review=returned",
    "review=unanswered",
    "task=25",
    "theme=5",
    "kind=association",
    "kind=fund",
    "region=qinghai&state=returned",
    "kind=core&task=3&state=returned&late=30",
    "sort=-task&overdue=1",
]
INSTITUTIONS = [
    "",
    "q=示例证券",
    "q=没有这个名称",
    "kind=futures&region=shanghai&late=30&theme=5",
    "late=30",
    "late=3000",
    "task=3&state=returned",
    "score_min=4.9",
    "score_max=1&kind=fund",
    "region=xizang&overdue=1",
    "sort=-credit_code&state=returned",
]
REQUIREMENTS = [
    "",
    "task=3",
    "result=0",
    "result=0&verdict=returned",
    "verdict=returned",
    "kind=core&result=no",
    "region=xizang&task=3",
    "sort=-reference&state=withdrawn",
]
EVIDENCE = ["", "task=3", "standing=withdrawn", "region=xizang&kind=fund", "theme=5&standing=superseded"]
RECTIFICATIONS = ["", "state=open", "overdue=1", "late=30&kind=fund", "region=xizang", "state=unverified&theme=5"]
PAGES = {
    "assignments": ASSIGNMENTS,
    "institutions": INSTITUTIONS,
    "requirements": REQUIREMENTS,
    "evidence": EVIDENCE,
    "rectifications": RECTIFICATIONS,
}
ROUNDS = 7

EXPORT = """
import django
django.setup()
from portal.accounts.models import User
from reports import making
from reports.actions import request_export
from reports.enums import SheetFormat, Subject
from reports.explorer.registry import LISTED
from tests.factories.accounts import membership_of

lead = User.objects.get(email="lead@csrc.example")
report = request_export(
    membership=membership_of(lead),
    subject=Subject.ASSIGNMENTS,
    query="",
    columns=[column.key for column in LISTED["assignments"].columns if column.is_shown],
    file_format=SheetFormat.XLSX,
    language="zh-hans",
    by=lead,
)

def peak():
    # Of this program alone: what getrusage tells begins with its parent's.
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


before = peak()
making.render(report_id=report.pk)
report.refresh_from_db()
assert report.rows_done == report.rows_total > 600_000, (report.state, report.error, report.rows_done)
report.file.delete(save=False)
print((peak() - before) / 1024)
"""


@figure("explorer_growth", unit="×", at_most=1.5)
def explorer_growth(bench: Bench) -> float:
    """The first page of a list at 25,000 institutions over the same at 500: the worst of lists, filters and readers.

    Where 500 institutions do not fill the page as 25,000 do, it stands beside the list without filters, which is
    full: drawing a row costs more than finding it.
    """
    worst = 0.0
    for reader in (REGIONAL, HEADQUARTERS):
        clients = {size: _client(bench, bench.demo(size), reader) for size in (SMALL, LARGE)}
        for subject, queries in PAGES.items():
            for query in queries + (_of_past_days() if subject == "assignments" else []):
                list_url = reverse(f"explorer:{subject}")
                path = f"{list_url}?{query}"
                rows = {size: _rows(bench, bench.demo(size), clients[size], path) for size in clients}
                beside = path if rows[SMALL] >= rows[LARGE] else list_url
                runs = {
                    str(SMALL): _request(bench, bench.demo(SMALL), clients[SMALL], beside),
                    str(LARGE): _request(bench, bench.demo(LARGE), clients[LARGE], path),
                }
                taken = interleaved(runs, rounds=ROUNDS)
                ratio = taken.ratio(str(LARGE), str(SMALL))
                bench.say(f"  {reader} {subject} {query}: {ratio:.2f} {taken}")
                worst = max(worst, ratio)
    return worst


def _of_past_days() -> list[str]:
    days = [timezone.localdate() - datetime.timedelta(days=ago) for ago in DAYS_AGO]
    return [f"{query}&at={day}" for query in THEN for day in days]


def _client(bench: Bench, database: str, email: str):
    with bench.using(database):
        return bench.client(email)


def _rows(bench: Bench, database: str, client, path: str) -> int:
    with bench.using(database):
        return client.get(path).content.count(b"<tr>")


def _request(bench: Bench, database: str, client, path: str) -> Callable[[], float]:
    """A full request through all middleware, timed."""

    def run() -> float:
        with bench.using(database):
            return seconds(lambda: get(client, path))

    return run


@figure("export_625k_memory_mb", unit="MB", at_most=200)
def export_625k_memory_mb(bench: Bench) -> float:
    """By how much the process that writes all 625,000 assignments to a spreadsheet grows at most."""
    environment = os.environ | {"DATABASE_URL": bench.url(bench.demo(LARGE))}
    run = [sys.executable, "-c", EXPORT]
    done = subprocess.run(run, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    return float(done.stdout.split()[-1])
