"""Mail out of the outbox: how fast against bare `smtplib`, and what becomes of it when workers are killed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import connection
from django.utils import timezone

from portal.accounts.models import User
from portal.notices.enums import DeliveryState, NoticeKind
from portal.notices.mail import notices_mail
from portal.notices.models import Delivery, Notice
from tasks.models import Assignment
from tests.bench.databases import ROOT, Bench
from tests.bench.figures import figure
from tests.bench.servers import running
from tests.bench.timing import Rounds
from tests.e2e.running import free_port
from tests.factories.accounts import InstitutionFactory
from tests.factories.plan import TaskFactory
from tests.factories.tasks import AssignmentFactory

PEOPLE = 10_000
PEOPLE_OF_ONE = 4
WORKERS = 2
ROUNDS = 3
KILL_SECONDS = 2
# Killed workers' rows are free as soon as PostgreSQL notices that they are gone.
PATIENCE_SECONDS = 300


@figure("deliver_mail", unit="×", at_least=0.6)
def deliver_mail(bench: Bench) -> float:
    """Mails a second of two workers' processes, over those of smtplib in two processes with mails of the same size."""
    with _outbox(bench) as (sink, url):
        (mail,) = _a_mail()
        taken = Rounds({"smtplib": [], "portal": []})
        for round_ in range(ROUNDS):
            runs = {"smtplib": lambda: _bare(sink, mail), "portal": lambda: _portal(sink, url)}
            for name in list(runs)[:: -1 if round_ % 2 else 1]:
                taken[name].append(runs[name]())
        size = len(mail.message().as_bytes())
    bench.say(f"  {PEOPLE} mails of {size} bytes: {taken}")
    return taken.ratio("smtplib", "portal")


@figure("deliver_faults_lost", unit="mails", at_most=0)
def deliver_faults_lost(bench: Bench) -> float:
    """Mails that never came, of 10,000, while every two seconds one of the two workers is killed."""
    lost, _duplicates, _kills = _with_faults(bench)
    return lost


@figure("deliver_faults_duplicates_per_kill", unit="mails", at_most=1)
def deliver_faults_duplicates_per_kill(bench: Bench) -> float:
    """Mails that came twice, for each worker that was killed."""
    _lost, duplicates, kills = _with_faults(bench)
    return duplicates / kills


# --- The sink and the outbox ------------------------------------------------------------------------------


class Sink:
    def __init__(self, port: int, file: Path) -> None:
        self.port, self.file = port, file

    def forget(self) -> None:
        os.truncate(self.file, 0)

    @property
    def mails(self) -> Counter[str]:
        """How often each recipient's mail came."""
        return Counter(line.split()[0] for line in self.file.read_text().splitlines())


@contextmanager
def _outbox(bench: Bench) -> Iterator[tuple[Sink, str]]:
    database = bench.empty("deliveries")
    with TemporaryDirectory(dir=settings.DATA_DIR) as directory, bench.using(database):
        _make_people()
        sink = Sink(free_port(), Path(directory, "mails"))
        sink.file.touch()
        command = [sys.executable, "-m", "tests.bench.smtp_sink", str(sink.port), str(sink.file)]
        with running(command, sink.port, dict(os.environ)):
            yield sink, bench.url(database)


def _make_people() -> None:
    """Ten thousand people, four of each institution, each reminded of their institution's task."""
    if User.objects.count() >= PEOPLE:
        return
    task = TaskFactory()
    assignments = [
        AssignmentFactory(task=task, institution=InstitutionFactory()) for _ in range(PEOPLE // PEOPLE_OF_ONE)
    ]
    people = User.objects.bulk_create(
        User(email=f"person{number}@bench.example", name=f"人员{number}") for number in range(PEOPLE)
    )
    Notice.objects.bulk_create(
        _reminder(person, assignments[number // PEOPLE_OF_ONE]) for number, person in enumerate(people)
    )
    Delivery.objects.bulk_create(Delivery(notice=notice) for notice in Notice.objects.order_by("pk"))


def _reminder(person: User, assignment: Assignment) -> Notice:
    task = assignment.task
    return Notice(
        recipient=person,
        institution=assignment.institution,
        kind=NoticeKind.REMINDER,
        key=f"reminder:{assignment.pk}:{assignment.deadline}:-7d",
        path=f"/tasks/{assignment.pk}/",
        data={
            "number": task.number,
            "title": task.title,
            "title_en": task.title_en,
            "is_official": True,
            "deadline": assignment.deadline.isoformat(),
            "days": 7,
        },
    )


def _a_mail() -> list[EmailMultiAlternatives]:
    notice = Notice.objects.select_related("recipient", "institution").first()
    return [notices_mail([notice])]


def _make_due() -> None:
    Delivery.objects.update(
        state=DeliveryState.PENDING,
        attempts=0,
        claimed_by=None,
        sent_at=None,
        message_id="",
        next_attempt_at=timezone.now(),
    )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) notices_delivery")


# --- Speed ------------------------------------------------------------------------------------------------


def _bare(sink: Sink, mail: EmailMultiAlternatives) -> float:
    sink.forget()
    file = sink.file.with_name("mail")
    file.write_bytes(mail.message().as_bytes(linesep="\r\n"))
    command = [sys.executable, "-m", "tests.bench.bare_smtp", str(sink.port), str(PEOPLE // WORKERS), str(file)]
    processes = [_start(command, dict(os.environ)) for _ in range(WORKERS)]
    time.sleep(1)  # until they wait for the line
    taken = _run(processes)
    _check(sum(sink.mails.values()))
    return taken


def _portal(sink: Sink, url: str) -> float:
    sink.forget()
    _make_due()
    processes = [_worker(sink, url) for _ in range(WORKERS)]
    for process in processes:
        process.stdout.readline()
    taken = _run(processes)
    _check(len(sink.mails))
    return taken


def _check(came: int) -> None:
    if came != PEOPLE:
        raise RuntimeError(f"{came} of {PEOPLE} mails came")


def _worker(sink: Sink, url: str) -> subprocess.Popen:
    environment = os.environ | {"DATABASE_URL": url, "EMAIL_URL": f"smtp://127.0.0.1:{sink.port}"}
    return _start([sys.executable, "-m", "tests.bench.mail_worker"], environment)


def _start(command: list[str], environment: dict[str, str]) -> subprocess.Popen:
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def _run(processes: list[subprocess.Popen]) -> float:
    start = time.perf_counter()
    for process in processes:
        process.stdin.write(b"\n")
        process.stdin.flush()
    for process in processes:
        if process.wait(PATIENCE_SECONDS):
            raise RuntimeError("a process failed")
    return time.perf_counter() - start


# --- Faults -----------------------------------------------------------------------------------------------


def _with_faults(bench: Bench) -> tuple[int, int, int]:
    """Lost mails, mails too many, and kills: measured once for both figures."""
    if not hasattr(bench, "delivered_with_faults"):
        with _outbox(bench) as (sink, url):
            _make_due()
            kills = _killing(sink, url)
            mails = sink.mails
        lost = PEOPLE - len(mails)
        duplicates = sum(mails.values()) - len(mails)
        bench.say(f"  {PEOPLE} mails, {kills} kills: {lost} lost, {duplicates} twice")
        bench.delivered_with_faults = (lost, duplicates, kills)
    return bench.delivered_with_faults


def _killing(sink: Sink, url: str) -> int:
    """Two workers until everything is sent; every two seconds the older one is killed and another started."""
    workers = [_ready(sink, url) for _ in range(WORKERS)]
    kills, until = 0, time.monotonic() + PATIENCE_SECONDS
    try:
        while Delivery.objects.filter(state=DeliveryState.PENDING).exists():
            if time.monotonic() > until:
                raise RuntimeError("the outbox does not get empty")
            time.sleep(KILL_SECONDS)
            victim = workers.pop(0)
            kills += victim.poll() is None
            victim.kill()
            victim.wait()
            workers.append(_ready(sink, url))
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    return kills


def _ready(sink: Sink, url: str) -> subprocess.Popen:
    worker = _worker(sink, url)
    worker.stdout.readline()
    worker.stdin.write(b"\n")
    worker.stdin.flush()
    return worker
