"""Check a stored file, in a worker.

One worker at a time has a file: it holds an advisory lock of PostgreSQL, which ends with its connection, so
that a killed worker's file goes to the next one. No transaction stays open while a file is read.
"""

from __future__ import annotations

import datetime
import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from uuid import UUID

from django.conf import settings
from django.core.files.storage import FileSystemStorage
from django.db import connection
from django.utils import timezone

from vault import actions, scanner
from vault.enums import Finding, Place
from vault.models import StoredFile
from vault.places import CHUNK_BYTES, copy, pieces, storage_of, vault_path
from vault.sandbox import examine
from vault.scanner import ScannerDown, Verdict

logger = logging.getLogger(__name__)

# A place that is away for a moment, such as a disk not mounted yet, is no reason to refuse its files.
MISSED_FOR = datetime.timedelta(hours=1)


def check(*, stored_id: UUID | str) -> None:
    """Check the file, unless it is checked or another worker has it.

    It goes on waiting while the malware scanner does not answer.
    """
    with _mine(stored_id) as is_mine:
        stored = StoredFile.objects.waiting().filter(pk=stored_id).first() if is_mine else None
        if not stored or not scanner.is_answering():
            return
        try:
            with _at_hand(stored) as path:
                _check(stored, path)
        except ScannerDown as error:
            logger.warning("%s waits: the malware scanner gives no verdict: %s", stored.pk, error)
        except FileNotFoundError:
            _miss(stored)


def rescan(*, stored_id: UUID | str) -> None:
    """Ask the scanner again about a file that passed. Raises ScannerDown."""
    with _mine(stored_id) as is_mine:
        stored = StoredFile.objects.clean().filter(pk=stored_id).first() if is_mine else None
        if not stored:
            return
        with stored.open() as file:
            verdict = scanner.scan(file)
        if verdict.finding == Finding.MALWARE:
            _quarantine(stored, verdict)
        elif not verdict.finding:
            actions.note_scan(stored=stored, scanner=verdict.scanner)


@contextmanager
def _mine(stored_id: UUID | str) -> Iterator[bool]:
    key = UUID(str(stored_id)).int >> 65  # a signed 64-bit number
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        (is_mine,) = cursor.fetchone()
        try:
            yield is_mine
        finally:
            if is_mine:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [key])


@contextmanager
def _at_hand(stored: StoredFile) -> Iterator[Path]:
    """The bytes as a local file: where they lie, or a copy of what lies on S3. Raises FileNotFoundError."""
    storage = storage_of(stored.place)
    if isinstance(storage, FileSystemStorage):
        yield Path(storage.path(stored.path))
        return
    with NamedTemporaryFile() as local:
        for piece in pieces(stored.place, stored.path):
            local.write(piece)
        local.flush()
        yield Path(local.name)


def _check(stored: StoredFile, path: Path) -> None:
    sha256, sm3 = _digests(path)
    if sha256 != stored.sha256:
        logger.error("%s lies changed at %s:%s before its check.", stored.pk, stored.place, stored.path)
        _refuse(stored, Finding.DAMAGED, "SHA-256")
        return
    answer = examine(path, stored.content_type)
    if answer.finding:
        _refuse(stored, Finding(answer.finding), answer.detail)
        return
    verdict = _scanned(path)
    facts = {"sm3": sm3} | _facts(verdict)
    if verdict.finding == Finding.MALWARE:
        _quarantine(stored, verdict, sm3=sm3)
    elif verdict.finding:
        _refuse(stored, Finding(verdict.finding), verdict.detail, **facts)
    else:
        _keep(stored, flags=answer.flags, extract=answer.extract, **facts)


def _digests(path: Path) -> tuple[str, str]:
    sha256, sm3 = hashlib.sha256(), hashlib.new("sm3")
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            sha256.update(chunk)
            sm3.update(chunk)
    return sha256.hexdigest(), sm3.hexdigest()


def _scanned(path: Path) -> Verdict:
    if not scanner.exists():
        return Verdict("", "", "")
    with path.open("rb") as file:
        return scanner.scan(file)


def _facts(verdict: Verdict) -> dict[str, object]:
    return {"scanner": verdict.scanner, "scanned_at": timezone.now()} if verdict.scanner else {}


def _keep(stored: StoredFile, **facts: object) -> None:
    """Into the vault, under its digest."""
    old = (stored.place, stored.path)
    place, path = Place(settings.EVIDENCE_PLACE), vault_path(stored.institution_id, stored.sha256)
    if old[0] == Place.INCOMING:
        copy(source=old, target=(place, path), sha256=stored.sha256)
        actions.clear(stored=stored, place=place, path=path, **facts)
        storage_of(old[0]).delete(old[1])
    else:
        actions.clear(stored=stored, place=Place(stored.place), path=stored.path, **facts)


def _refuse(stored: StoredFile, finding: Finding, detail: str, **facts: object) -> None:
    """Not into the vault: the row keeps why, and the bytes go."""
    actions.refuse(stored=stored, finding=finding, detail=detail, **facts)
    storage_of(stored.place).delete(stored.path)


def _quarantine(stored: StoredFile, verdict: Verdict, **facts: object) -> None:
    path = f"{stored.institution_id}/{stored.pk}"
    copy(source=(stored.place, stored.path), target=(Place.QUARANTINE, path), sha256=stored.sha256)
    actions.quarantine(stored=stored, path=path, detail=verdict.detail, **_facts(verdict), **facts)
    storage_of(stored.place).delete(stored.path)


def _miss(stored: StoredFile) -> None:
    logger.error("%s is missing at %s:%s before its check.", stored.pk, stored.place, stored.path)
    if stored.received_at < timezone.now() - MISSED_FOR:
        actions.refuse(stored=stored, finding=Finding.DAMAGED, detail="")
