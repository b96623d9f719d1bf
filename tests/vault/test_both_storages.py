"""A file's way from its arrival to where it is served from, or to quarantine, on disk and on S3."""

import datetime
import errno
import os

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError
from django.utils import timezone

from tests.factories.vault import StoredFileFactory
from tests.vault import samples
from tests.vault.samples import upload
from vault import places
from vault.actions import clear
from vault.arrivals import take_in
from vault.checking import check, rescan
from vault.cleanup import clean_up
from vault.models import StoredFile
from vault.places import storage_of, walk
from vault.scanner import Verdict

pytestmark = pytest.mark.django_db

LARGE = samples.PDF + b" " * (20 * 1024 * 1024)


@pytest.fixture(autouse=True)
def no_scanner(settings):
    settings.CLAMD = "none"


def lying(place: str) -> list[str]:
    return sorted(found.path for found in walk(place))


def arrived(content: bytes = samples.PDF) -> StoredFile:
    arrival = take_in(upload(content=content))
    return StoredFileFactory(
        state="received", content=content, path=arrival.path, content_type=arrival.content_type, name=arrival.name
    )


@pytest.mark.parametrize("content", [samples.PDF, LARGE], ids=["small", "large"])
def test_a_file_on_its_way(place, content):
    stored = arrived(content)
    check(stored_id=stored.pk)
    stored.refresh_from_db()
    assert (stored.state, stored.place) == ("clean", place)
    assert (lying("incoming"), lying(place)) == ([], [f"evidence/{stored.institution_id}/{stored.sha256}"])
    with stored.open() as file:
        assert file.size == len(content)
        assert file.read() == content


def test_malware_that_is_found_later_leaves_the_vault(place, settings, monkeypatch):
    stored = arrived()
    check(stored_id=stored.pk)
    settings.CLAMD = "unix:///tmp/none"
    monkeypatch.setattr("vault.scanner.scan", lambda _file: Verdict("malware", "Test-Signature", "test"))
    rescan(stored_id=stored.pk)
    stored.refresh_from_db()
    assert (stored.state, stored.place) == ("quarantined", "quarantine")
    assert (lying(place), lying("quarantine")) == ([], [stored.path])
    with stored.open() as file:
        assert file.read() == samples.PDF


def test_no_room_half_way_leaves_nothing_and_the_file_is_tried_again(place, monkeypatch):
    stored = arrived(LARGE)
    if place == "disk":
        failure = OSError
        monkeypatch.setattr(places, "_link", lambda *_places: False)
        monkeypatch.setattr(places, "pieces", full_after_a_piece)
    else:
        failure = ClientError
        client = storage_of("s3").bucket.meta.client
        client.meta.events.register("before-send.s3.UploadPart", full_at_the_second_part)
    with pytest.raises(failure, match="No space left"):
        check(stored_id=stored.pk)
    stored.refresh_from_db()
    assert (stored.state, stored.place) == ("received", "incoming")
    assert (lying(place), lying("incoming")) == ([], [stored.path])
    monkeypatch.undo()
    if place == "s3":
        assert not list(storage_of("s3").bucket.multipart_uploads.all())
        client.meta.events.unregister("before-send.s3.UploadPart", full_at_the_second_part)
    check(stored_id=stored.pk)
    stored.refresh_from_db()
    assert (stored.state, stored.place) == ("clean", place)


def full_after_a_piece(_place, _path):
    yield b"x" * places.CHUNK_BYTES
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def full_at_the_second_part(request, **_facts):
    """What an S3 server answers whose disk is full."""

    class Raw:
        def stream(self):
            yield b"<Error><Code>InsufficientCapacity</Code><Message>No space left on device</Message></Error>"

    if "partNumber=2" in request.url:
        return AWSResponse(request.url, 400, {}, Raw())
    return None


@pytest.mark.parametrize("step", ["copied", "named"])
def test_a_worker_that_is_killed_leaves_nothing_behind(place, monkeypatch, step):
    """After the copy and before its row, or after its row and before the removal."""
    stored = arrived()

    def killed(*_arguments, **_facts):
        raise KeyboardInterrupt

    def cleared_and_killed(**facts):
        clear(**facts)
        killed()

    monkeypatch.setattr("vault.actions.clear", killed if step == "copied" else cleared_and_killed)
    with pytest.raises(KeyboardInterrupt):
        check(stored_id=stored.pk)
    monkeypatch.undo()
    check(stored_id=stored.pk)
    stored.refresh_from_db()
    assert stored.state == "clean"
    clean_up(now=timezone.now() + datetime.timedelta(days=1, minutes=5))
    assert (lying("incoming"), lying(place)) == ([], [stored.path])
