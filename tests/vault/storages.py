"""Disk and S3 under the same tests: a test that asks for `place` runs on both, each with nothing in it.

`place` is where checked files go, as the settings say it. `s3_bucket` alone gives a bucket beside the disk, for what
moves from one to the other.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator

import pytest

from portal.s3 import s3_storage, signed_origin


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """A real server of the protocol, started by the first test that needs it."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def own_disk(settings, tmp_path) -> None:
    """Directories of the test's own instead of those that all tests share."""
    storages = copy.copy(settings.STORAGES)
    for place in ("incoming", "quarantine"):
        storages[f"evidence-{place}"] = {**storages[f"evidence-{place}"], "OPTIONS": {"location": tmp_path / place}}
    for place in ("media", "incoming", "quarantine"):
        (tmp_path / place).mkdir()
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.STORAGES = storages


@pytest.fixture
def s3_bucket(settings, own_disk, s3_endpoint) -> Iterator[str]:
    """The name of an empty bucket, which is the storage `evidence-s3`."""
    from vault.places import storage_of

    storage = s3_storage(bucket="evidence", endpoint=s3_endpoint, access_key="test", secret_key="test", prefix="portal")
    settings.STORAGES = {**settings.STORAGES, "evidence-s3": storage}
    settings.S3_BUCKET, settings.EVIDENCE_S3_ORIGIN = "evidence", signed_origin(storage)
    bucket = storage_of("s3").bucket
    bucket.create()
    yield bucket.name
    bucket.objects.delete()
    for upload in bucket.multipart_uploads.all():
        upload.abort()
    bucket.delete()


@pytest.fixture(params=["disk", "s3"])
def place(request, settings, own_disk) -> str:
    """Where checked files are kept; a test that asks for it runs on each."""
    if request.param == "s3":
        request.getfixturevalue("s3_bucket")
    settings.EVIDENCE_PLACE = request.param
    return request.param
