"""Uploads piece by piece, as a browser sends them: how fast against `tee` and `sha256sum`, and in how much memory."""

from __future__ import annotations

import base64
import hashlib
import http.client
import itertools
import random
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from django.conf import settings
from django.test import Client
from django.urls import reverse

from portal.accounts.enums import Role
from portal.accounts.models import User
from tasks.models import Assignment
from tests.bench.databases import Bench
from tests.bench.figures import figure
from tests.bench.servers import Server, web_process
from tests.bench.timing import interleaved, seconds
from tests.factories.accounts import InstitutionFactory, member
from tests.factories.plan import RequirementFactory
from tests.factories.tasks import AssignmentFactory
from vault.enums import Place
from vault.models import StoredFile
from vault.places import storage_of

MB = 1024 * 1024
PIECE = 8 * MB
UPLOADED, LARGE = 100 * MB, 1024 * MB
HEAD = b"%PDF-1.7\n"
TUS = {"Tus-Resumable": "1.0.0"}


class Uploader:
    """A person's browser: a connection for each file. Digests of pieces are computed before the clock starts."""

    def __init__(self, server: Server, person: User, assignment: Assignment) -> None:
        client = Client()
        client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
        token = "t" * 32
        session = client.cookies["sessionid"].value
        self.headers = {**TUS, "Cookie": f"sessionid={session}; csrftoken={token}", "X-CSRFToken": token}
        self.place = reverse("tasks:uploads", args=[assignment.pk, assignment.requirements.first().pk])
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)

    def send(self, pieces: list[tuple[memoryview, str]]) -> None:
        self.connection.close()  # the server may have, since the last file
        size = sum(len(piece) for piece, _digest in pieces)
        name = base64.b64encode("材料.pdf".encode()).decode()
        announced = {"Upload-Length": str(size), "Upload-Metadata": f"filename {name}", "Content-Length": "0"}
        place = self._ask("POST", self.place, 201, announced).headers["Location"]
        offset = 0
        for piece, digest in pieces:
            said = {
                "Content-Type": "application/offset+octet-stream",
                "Upload-Offset": str(offset),
                "Upload-Checksum": digest,
            }
            self._ask("PATCH", place, 204, said, piece)
            offset += len(piece)

    def _ask(self, method: str, path: str, expected: int, headers: dict[str, str], body=None):
        self.connection.request(method, path, body=body, headers={**self.headers, **headers})
        answer = self.connection.getresponse()
        said = answer.read()
        if answer.status != expected:
            raise RuntimeError(f"{method} {path} answered {answer.status}: {said[:300]!r}")
        return answer


@figure("upload_throughput", unit="×", at_least=0.7)
def upload_throughput(bench: Bench) -> float:
    """100 MB into the portal in pieces of 8 MB with digests, over `tee file | sha256sum` on the same disk."""
    directory = Path(settings.DATA_DIR)
    source, target = directory / "bench-source", directory / "bench-copy"
    with _uploader(bench) as (uploader, _server):
        numbers = itertools.count()

        def portal() -> float:
            # Another content each time: equal ones are stored once.
            pieces = _pieces(random.Random(next(numbers)).randbytes(UPLOADED))
            taken = seconds(lambda: uploader.send(pieces))
            _forget()
            return taken

        def tee() -> float:
            source.write_bytes(random.Random(next(numbers)).randbytes(UPLOADED))
            command = f"tee '{target}' < '{source}' | sha256sum"
            taken = seconds(lambda: subprocess.run(command, shell=True, check=True, stdout=subprocess.DEVNULL))
            target.unlink()
            return taken

        taken = interleaved({"portal": portal, "tee | sha256sum": tee}, rounds=15)
    source.unlink()
    bench.say(f"  {UPLOADED / MB:.0f} MB: {taken}")
    return taken.ratio("tee | sha256sum", "portal")


@figure("upload_memory_mb", unit="MB", at_most=32)
def upload_memory_mb(bench: Bench) -> float:
    """By how much the web process that takes 1 GB in grows at most, over what it held after a small upload."""
    piece = memoryview(random.Random(1).randbytes(PIECE))
    same = (piece, _digest(piece))
    with _uploader(bench, PORTAL_EVIDENCE_MAX_BYTES=str(2 * LARGE)) as (uploader, server):
        uploader.send(_pieces(random.Random(2).randbytes(2 * MB)))
        large = [*_pieces(random.Random(3).randbytes(PIECE)), *[same] * (LARGE // PIECE - 1)]
        risen = _risen(server, lambda: uploader.send(large))
        _forget()
    bench.say(f"  {LARGE / MB:.0f} MB: {risen / MB:.1f} MB more")
    return risen / MB


@contextmanager
def _uploader(bench: Bench, **variables: str) -> Iterator[tuple[Uploader, Server]]:
    database = bench.empty("uploads")
    with bench.using(database):
        assignment = Assignment.objects.first() or _assignment()
        person = assignment.institution.memberships.get().user
        with web_process(bench.url(database), **variables) as server:
            yield Uploader(server, person, assignment), server


def _assignment() -> Assignment:
    assignment = AssignmentFactory(task=RequirementFactory().task, institution=InstitutionFactory())
    member(assignment.institution, Role.CONTRIBUTOR)
    return assignment


def _pieces(content: bytes) -> list[tuple[memoryview, str]]:
    whole = memoryview(HEAD + content[len(HEAD) :])
    pieces = [whole[start : start + PIECE] for start in range(0, len(whole), PIECE)]
    return [(piece, _digest(piece)) for piece in pieces]


def _digest(piece: memoryview) -> str:
    return f"sha256 {base64.b64encode(hashlib.sha256(piece).digest()).decode()}"


def _forget() -> None:
    """Nobody checks the files here, so they would fill the disk."""
    for path in StoredFile.objects.waiting().values_list("path", flat=True):
        storage_of(Place.INCOMING).delete(path)


def _risen(server: Server, run: Callable[[], None]) -> int:
    """The most by which one of the server's processes grew while `run` ran, in bytes."""
    workers = psutil.Process(server.process.pid).children(recursive=True)
    before = {worker: worker.memory_info().rss for worker in workers}
    most, is_over = 0, threading.Event()

    def watch() -> None:
        nonlocal most
        while not is_over.wait(0.02):
            most = max(most, *(worker.memory_info().rss - size for worker, size in before.items()))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        run()
    finally:
        is_over.set()
        watcher.join()
    return most
