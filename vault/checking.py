"""Check a stored file, in a worker.

One worker at a time has a file: it holds an advisory lock of PostgreSQL, which ends with its connection, so
that a killed worker's file goes to the next one. No transaction stays open while a file is read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.conf import settings
from django.db import connection

from vault import actions
from vault.enums import Place
from vault.models import StoredFile
from vault.places import CHUNK_BYTES, copy, storage_of


def check(*, stored_id: UUID | str) -> None:
    """Check the file, unless it is checked or another worker has it."""
    with _mine(stored_id) as is_mine:
        stored = StoredFile.objects.waiting().filter(pk=stored_id).first() if is_mine else None
        if stored:
            _check(stored)


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


def _check(stored: StoredFile) -> None:
    sm3 = _sm3(stored)
    _keep(stored, sm3=sm3)


def _keep(stored: StoredFile, **facts: object) -> None:
    """Into the vault, under its digest."""
    old = (stored.place, stored.path)
    place, path = Place(settings.EVIDENCE_PLACE), f"evidence/{stored.institution_id}/{stored.sha256}"
    if old[0] == Place.INCOMING:
        copy(source=old, target=(place, path), sha256=stored.sha256)
        actions.clear(stored=stored, place=place, path=path, **facts)
        storage_of(old[0]).delete(old[1])
    else:
        actions.clear(stored=stored, place=Place(stored.place), path=stored.path, **facts)


def _sm3(stored: StoredFile) -> str:
    digest = hashlib.new("sm3")
    with stored.open() as file:
        for chunk in file.chunks(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
