"""Bytes on their way from one place to another, on disk and on S3."""

import errno
import hashlib
import io
import os
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from django.conf import settings as portal_settings
from django.core.files.base import ContentFile

from portal.s3 import s3_storage, signed_origin
from vault import places
from vault.places import (
    ContentChanged,
    Unreachable,
    check_reachable,
    copy,
    digest,
    pieces,
    served_places,
    storage_of,
    walk,
)

LARGE = b"0123456789abcdef" * (20 * 1024 * 1024 // 16)  # three parts of an upload to S3
PATH = "evidence/7/abc"


def put(place: str, path: str, content: bytes) -> str:
    storage_of(place).save(path, ContentFile(content))
    return hashlib.sha256(content).hexdigest()


@pytest.fixture(params=["one disk", "two disks"])
def disks(request, monkeypatch):
    """Whether a second name in place of a copy will do."""
    if request.param == "two disks":

        def refuse(*_names):
            raise OSError(errno.EXDEV, "Invalid cross-device link")

        monkeypatch.setattr("pathlib.Path.hardlink_to", refuse)


@pytest.mark.parametrize("content", [b"abc", LARGE], ids=["small", "large"])
def test_a_file_into_the_vault_and_back(place, disks, content):
    sha256 = put("incoming", "arrived", content)
    copy(source=("incoming", "arrived"), target=(place, PATH), sha256=sha256)
    assert digest(place, PATH) == sha256
    assert [found.size for found in walk(place)] == [len(content)]
    copy(source=(place, PATH), target=("quarantine", "q"), sha256=sha256)
    with storage_of("quarantine").open("q") as file:
        assert file.read() == content
    # Once more, over what lies there.
    copy(source=("incoming", "arrived"), target=(place, PATH), sha256=sha256)
    assert [found.path for found in walk(place)] == [PATH]


def test_a_large_file_is_read_in_pieces(place):
    put(place, PATH, LARGE)
    assert max(map(len, pieces(place, PATH))) <= places.CHUNK_BYTES


def test_what_is_read_back_and_forth_on_s3_lies_in_a_file(s3_bucket):
    put("s3", PATH, LARGE)
    with storage_of("s3").open(PATH) as file:
        file.read(1)
        assert file.file._rolled


def test_another_content_does_not_stay(place, disks, monkeypatch):
    """The digest is that of what was written, not of what was read."""
    monkeypatch.setattr(places, "_link", lambda *_places: False)
    put("incoming", "arrived", b"abc")
    with pytest.raises(ContentChanged, match="incoming:arrived"):
        copy(source=("incoming", "arrived"), target=(place, PATH), sha256="0" * 64)
    assert not storage_of(place).exists(PATH)
    assert storage_of("incoming").exists("arrived")


def test_what_is_not_there(place, disks):
    for path in ("gone", "no/such/folder"):
        with pytest.raises(FileNotFoundError):
            copy(source=("incoming", path), target=(place, PATH), sha256="0" * 64)
        with pytest.raises(FileNotFoundError):
            digest(place, path)
    assert list(walk(place)) == []
    assert list(walk(place, "no-folder")) == []


def test_a_disk_that_is_full_half_way_keeps_nothing(own_disk, monkeypatch):
    sha256 = put("incoming", "arrived", LARGE)
    monkeypatch.setattr(places, "_link", lambda *_places: False)
    monkeypatch.setattr("vault.places.pieces", full_after_two_pieces)
    with pytest.raises(OSError, match="No space left on device"):
        copy(source=("incoming", "arrived"), target=("disk", PATH), sha256=sha256)
    assert list(walk("disk")) == []
    monkeypatch.undo()
    assert digest("incoming", "arrived") == sha256


def full_after_two_pieces(place, path):
    yield b"x" * places.CHUNK_BYTES
    yield b"x" * places.CHUNK_BYTES
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_what_was_copied_is_on_the_medium(own_disk, disks, monkeypatch):
    """The bytes, and every directory down to them, before the copy counts as made."""
    synced = []
    monkeypatch.setattr(places, "_sync", lambda path: synced.append(path.name))
    sha256 = put("incoming", "arrived", b"abc")
    copy(source=("incoming", "arrived"), target=("disk", PATH), sha256=sha256)
    assert synced[0].startswith("abc.") and synced[0].endswith(".new")
    assert synced[1:] == ["7", "evidence", "media"]


def test_directories_and_files_are_closed_to_others(own_disk, disks, settings):
    sha256 = put("incoming", "arrived", b"abc")
    copy(source=("incoming", "arrived"), target=("disk", PATH), sha256=sha256)
    root = settings.MEDIA_ROOT
    modes = [(root / path).stat().st_mode & 0o777 for path in ("evidence", "evidence/7", PATH)]
    assert modes == [0o700, 0o700, 0o600]


def test_when_something_was_put_there(place):
    put(place, PATH, b"abc")
    (found,) = walk(place, "evidence/7")
    assert found.path == PATH
    assert abs(found.modified_at - datetime.now(UTC)) < timedelta(minutes=5)


def test_a_place_that_is_not_there(s3_bucket, settings):
    put("disk", PATH, b"abc")
    check_reachable("s3")
    check_reachable("disk")
    settings.MEDIA_ROOT = settings.MEDIA_ROOT / "unmounted"
    with pytest.raises(Unreachable, match=r"“disk” cannot be reached: .*No such file or directory"):
        check_reachable("disk")
    wrong = {**settings.STORAGES["evidence-s3"]["OPTIONS"], "bucket_name": "another"}
    settings.STORAGES = {**settings.STORAGES, "evidence-s3": {**settings.STORAGES["evidence-s3"], "OPTIONS": wrong}}
    with pytest.raises(Unreachable, match=r"“s3” cannot be reached: .*404"):
        check_reachable("s3")


def test_a_place_that_is_not_set_up():
    with pytest.raises(Unreachable, match="Could not find config for 'evidence-s3'"):
        check_reachable("s3")


def test_new_files_first(s3_bucket, settings):
    assert served_places() == ["disk", "s3"]
    settings.EVIDENCE_PLACE = "s3"
    assert served_places() == ["s3", "disk"]


def test_without_a_bucket_there_is_the_disk():
    assert "evidence-s3" not in portal_settings.STORAGES
    assert served_places() == ["disk"]


# --- S3 ---------------------------------------------------------------------------------------------------


def test_links_to_the_bucket_are_signed(s3_bucket, settings):
    put("s3", PATH, b"abc")
    link = storage_of("s3").url(PATH)
    assert f"{urlsplit(link).scheme}://{urlsplit(link).netloc}" == settings.EVIDENCE_S3_ORIGIN
    assert "X-Amz-Expires=60" in link and "X-Amz-Algorithm=AWS4-HMAC-SHA256" in link
    assert urlsplit(link).path == f"/evidence/portal/{PATH}"
    assert urlopen(link).read() == b"abc"


@pytest.mark.parametrize(
    ("options", "origin"),
    [
        ({}, "https://files.s3.us-east-1.amazonaws.com"),
        ({"region": "cn-north-1"}, "https://files.s3.cn-north-1.amazonaws.com.cn"),
        ({"endpoint": "https://s3.example:9000"}, "https://s3.example:9000"),
        ({"endpoint": "https://s3.example", "addressing": "virtual"}, "https://files.s3.example"),
        ({"bucket": "with.dots"}, "https://s3.us-east-1.amazonaws.com"),
    ],
)
def test_where_links_lead(settings, options, origin):
    storage = s3_storage(**{"bucket": "files", "access_key": "a", "secret_key": "b", **options})
    settings.STORAGES = {**settings.STORAGES, "evidence-s3": storage}
    assert signed_origin(storage) == origin
    assert storage_of("s3").url(PATH).startswith(f"{origin}/")


def test_nothing_is_written_for_the_public(s3_bucket):
    put("s3", PATH, b"abc")
    grants = storage_of("s3").bucket.Object(f"portal/{PATH}").Acl().grants
    assert [grant["Grantee"]["Type"] for grant in grants] == ["CanonicalUser"]


def test_an_upload_to_s3_that_is_cut_off_leaves_nothing(s3_bucket, monkeypatch):
    class Cut(io.BytesIO):
        def read(self, size=-1):
            if self.tell() > 10 * 1024 * 1024:
                raise OSError("cut")
            return super().read(size)

    with pytest.raises(OSError, match="cut"):
        storage_of("s3").save(PATH, Cut(LARGE))
    assert list(walk("s3")) == []
    assert list(storage_of("s3").bucket.multipart_uploads.all()) == []
