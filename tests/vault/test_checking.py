"""A file from its arrival to its place in the vault."""

import hashlib
import time

import pytest
from django.db import IntegrityError, connection, connections, transaction

from portal.audit.models import AuditEvent
from tests.factories.vault import StoredFileFactory
from vault.checking import check
from vault.enums import Place
from vault.jobs import resume_checks
from vault.models import StoredFile
from vault.places import ContentChanged, copy, storage_of

pytestmark = pytest.mark.django_db


def test_a_good_file_moves_into_the_vault():
    waiting = StoredFileFactory(state="received", content=b"abc")
    check(stored_id=waiting.pk)
    stored = StoredFile.objects.get()
    assert (stored.state, stored.place) == ("clean", Place.DISK)
    assert stored.path == f"evidence/{stored.institution_id}/{hashlib.sha256(b'abc').hexdigest()}"
    assert stored.sm3 == hashlib.new("sm3", b"abc").hexdigest()
    with stored.open() as file:
        assert file.read() == b"abc"
    assert not storage_of(Place.INCOMING).exists(waiting.path)
    check(stored_id=waiting.pk)
    assert AuditEvent.objects.filter(action="storedfile.clear").count() == 1


@pytest.mark.parametrize("field", ["sha256", "sm3", "size", "institution_id"])
def test_the_database_keeps_what_identifies_a_file(field):
    stored, other = StoredFileFactory(content=b"a"), StoredFileFactory(content=b"bb")
    with pytest.raises(IntegrityError), transaction.atomic():
        StoredFile.objects.filter(pk=stored.pk).update(**{field: getattr(other, field)})
    with pytest.raises(IntegrityError), transaction.atomic():
        stored.delete()


def test_a_copy_across_storages_that_is_another_content_does_not_stay(monkeypatch):
    stored = StoredFileFactory(content=b"abc")
    monkeypatch.setattr("vault.places._link", lambda *_places: False)
    target = (Place.QUARANTINE, "x")
    with pytest.raises(ContentChanged):
        copy(source=(stored.place, stored.path), target=target, sha256="0" * 64)
    assert not storage_of(Place.QUARANTINE).exists("x")
    copy(source=(stored.place, stored.path), target=target, sha256=stored.sha256)
    with storage_of(Place.QUARANTINE).open("x") as file:
        assert file.read() == b"abc"


@pytest.mark.django_db(transaction=True)
def test_one_worker_at_a_time_has_a_file():
    waiting = StoredFileFactory(state="received", content=b"abc")
    other = connections.create_connection("default")
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [waiting.pk.int >> 65])
        check(stored_id=waiting.pk)
        waiting.refresh_from_db()
        assert waiting.state == "received"
    # The worker that had it dies: so does its lock, as soon as PostgreSQL has noticed.
    other.close()
    deadline = time.monotonic() + 30
    while waiting.state == "received" and time.monotonic() < deadline:
        check(stored_id=waiting.pk)
        waiting.refresh_from_db()
    assert waiting.state == "clean"
    assert connection.is_usable()


def test_what_still_waits_is_queued_again(monkeypatch):
    queued = []
    monkeypatch.setattr("vault.jobs.enqueue", lambda _job, key: queued.append(key))
    fresh, clean = StoredFileFactory(state="received", content=b"1"), StoredFileFactory(content=b"2")
    old = StoredFileFactory(state="received", content=b"3", received_at=clean.received_at.replace(year=2025))
    resume_checks()
    assert queued == [str(old.pk)] != [str(fresh.pk)]
