"""Evidence as it is looked at: the bytes against a plain file server, and what the page of one file costs."""

from __future__ import annotations

import http.client
import os
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.accounts.enums import Role
from portal.accounts.models import User
from tasks.models import Evidence
from tests.bench.databases import Bench
from tests.bench.figures import figure
from tests.bench.servers import running, web_process
from tests.bench.timing import interleaved, seconds
from tests.e2e.running import free_port
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member
from tests.factories.plan import RequirementFactory
from tests.factories.tasks import AssignmentFactory, EvidenceFactory, SubmissionFactory
from vault.models import Extract
from vault.places import storage_of

MB = 1024 * 1024
DOWNLOADED = 100 * MB
FEW, MANY = 2, 200


@figure("download_throughput", unit="×", at_least=0.7)
def download_throughput(bench: Bench) -> float:
    """100 MB through the portal as the Procfile starts it, over the same file from `python -m http.server`."""
    database = bench.empty("download")
    with bench.using(database):
        evidence = Evidence.objects.first() or _evidence(content=random.Random(1).randbytes(DOWNLOADED))
        reader = evidence.institution.memberships.get().user
        cookie = _client(reader).cookies.output(header="", sep=";").strip()
    path = Path(storage_of(evidence.stored.place).path(evidence.stored.path))
    with web_process(bench.url(database)) as portal, _file_server(path.parent) as plain:
        runs = {
            "portal": lambda: seconds(lambda: _download(portal.port, evidence.download_url, cookie)),
            "file server": lambda: seconds(lambda: _download(plain, f"/{path.name}", "")),
        }
        taken = interleaved(runs, rounds=21, warm_up=8)
    bench.say(f"  {DOWNLOADED / MB:.0f} MB: {taken}")
    return taken.ratio("file server", "portal")


@figure("evidence_page_queries", unit="×", at_most=1)
def evidence_page_queries(bench: Bench) -> float:
    """Queries of the page of one file when 200 belong to its task, over those when there are 2."""
    ratios = []
    with bench.using(bench.empty("evidence")), transaction.atomic():
        evidence = _evidence(content="证明材料".encode())
        readers = {"institution": evidence.institution.memberships.get().user}
        readers["supervisor"] = member(AuthorityFactory(), Role.SUPERVISOR)
        counts = {number: _queries(evidence, number, readers) for number in (FEW, MANY)}
        for who in readers:
            ratios.append(counts[MANY][who] / counts[FEW][who])
            bench.say(f"  {who}: {counts[FEW][who]} with {FEW} files, {counts[MANY][who]} with {MANY}")
        transaction.set_rollback(True)
    return max(ratios)


def _evidence(content: bytes) -> Evidence:
    requirement = RequirementFactory()
    institution = InstitutionFactory()
    member(institution, Role.CIO)
    assignment = AssignmentFactory(task=requirement.task, institution=institution, state="in_progress")
    return EvidenceFactory(assignment=assignment, requirement=requirement, content=content)


def _queries(evidence: Evidence, number: int, readers: dict[str, User]) -> dict[str, int]:
    """Of the page, by reader, with that many files signed together; the first request is not counted."""
    assignment = evidence.assignment
    for _missing in range(number - assignment.evidence.count()):
        EvidenceFactory(assignment=assignment, requirement=evidence.requirement, uploaded_by=evidence.uploaded_by)
    Extract.objects.get_or_create(stored=evidence.stored, blocks=[{"kind": "text", "text": "证明材料"}])
    SubmissionFactory(assignment=assignment)
    return {who: _counted(_client(reader), evidence.get_absolute_url()) for who, reader in readers.items()}


def _counted(client: Client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    return len(queries)


def _client(reader: User) -> Client:
    client = Client(raise_request_exception=True)
    client.force_login(reader, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def _download(port: int, path: str, cookie: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers={"Cookie": cookie} if cookie else {})
    answer = connection.getresponse()
    buffer = memoryview(bytearray(MB))
    received = 0
    while size := answer.readinto(buffer):
        received += size
    connection.close()
    if (answer.status, received) != (200, DOWNLOADED):
        raise RuntimeError(f"{path} answered {answer.status} with {received} bytes")


@contextmanager
def _file_server(directory: Path) -> Iterator[int]:
    port = free_port()
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(directory)]
    with running(command, port, dict(os.environ)):
        yield port
