"""A batch of reports by Celery's workers: what a second core is worth, and what memory a worker takes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.utils import timezone

from plan.models import Plan
from portal.accounts.enums import InstitutionKind
from portal.accounts.models import User
from reports.batches.actions import request_batch
from reports.enums import ReportState
from reports.models import Report
from reports.progress import plan_in_force
from tests.bench.databases import ROOT, SMALL, Bench
from tests.bench.figures import figure

HEADQUARTERS = "lead@csrc.example"
PATIENCE_SECONDS = 1800
WARM = 10  # members that each process has made before it is measured: by then it has loaded what it needs


@figure("report_batch_two_workers", unit="×", at_least=1.7)
def report_batch_two_workers(bench: Bench) -> float:
    """Futures companies' reports of an industry of 500 by two processes over the same by one, each on its own core."""
    with bench.using(bench.demo(SMALL)):
        taken = {processes: _made(bench, processes, InstitutionKind.FUTURES) for processes in (1, 2)}
    bench.say(f"  {taken[1]:.2f} s a report with one process, {taken[2]:.2f} s with two")
    return taken[1] / taken[2]


@figure("report_worker_memory_mb", unit="MB", at_most=500)
def report_worker_memory_mb(bench: Bench) -> float:
    """The most that a process of the worker held while it made all 500 institutions' reports with another."""
    with bench.using(bench.demo(SMALL)), _worker(bench, 2) as worker:
        batch = _asked_for("")
        halves = [
            _until(batch, lambda: _over(batch) >= batch.rows_total // 2, worker),
            _until(batch, lambda: _state(batch) == ReportState.DONE, worker),
        ]
    bench.say(f"  {halves[0]:.0f} MB in the first half of {batch.rows_total} reports, {halves[1]:.0f} MB in the second")
    return max(halves)


def _made(bench: Bench, processes: int, kind: str) -> float:
    """Seconds a report, from the first that were made until the zip is there."""
    with _worker(bench, processes) as worker:
        batch = _asked_for(kind)
        _until(batch, lambda: _over(batch) >= WARM * processes, worker)
        begun, done = time.monotonic(), _over(batch)
        _until(batch, lambda: _state(batch) == ReportState.DONE, worker)
        taken = time.monotonic() - begun
    failed = batch.members.exclude(state=ReportState.DONE).count()
    if failed:
        raise RuntimeError(f"{failed} reports were not made")
    return taken / (batch.rows_total - done)


def _asked_for(kind: str) -> Report:
    user = User.objects.get(email=HEADQUARTERS)
    plan = plan_in_force(Plan.objects.visible_to(user), timezone.localdate())
    membership = user.active_memberships[0]
    return request_batch(membership=membership, plan=plan, language="zh-hans", by=user, kind=kind)


def _over(batch: Report) -> int:
    return batch.members.filter(state__in=[ReportState.DONE, ReportState.FAILED]).count()


def _state(batch: Report) -> str:
    return Report.objects.values_list("state", flat=True).get(pk=batch.pk)


def _until(batch: Report, is_so, worker: subprocess.Popen) -> float:
    """Wait; the most memory that any process of the worker has held meanwhile, in MB."""
    deadline, most = time.monotonic() + PATIENCE_SECONDS, 0.0
    while not is_so():
        most = max(most, *map(_peak, _children(worker.pid)), 0)
        if time.monotonic() > deadline or worker.poll() is not None:
            raise RuntimeError(f"the batch came no further than {_over(batch)} of {batch.rows_total}")
        time.sleep(0.2)
    return most


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _peak(pid: int) -> float:
    """Of one that is just ending there is nothing to be read."""
    try:
        rows = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(row.split()[1]) / 1024 for row in rows if row.startswith("VmHWM")), 0)


@contextmanager
def _worker(bench: Bench, processes: int) -> Iterator[subprocess.Popen]:
    """Celery's worker on the bench's database and Redis, for what batches need."""
    command = [sys.executable, "-m", "celery", "--app", "portal", "worker", "--queues", "default,reports"]
    worker = subprocess.Popen(
        [*command, "--concurrency", str(processes), "--loglevel", "ERROR"],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": bench.url(bench.demo(SMALL))},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield worker
    finally:
        worker.terminate()
        worker.wait()
