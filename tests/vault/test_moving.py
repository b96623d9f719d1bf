"""From disk to S3 and back: every object verified, interrupted anywhere, and read all the while."""

import pytest

from tests.factories.vault import StoredFileFactory
from vault.models import StoredFile
from vault.places import copy, storage_of

pytestmark = pytest.mark.django_db


def test_a_reader_finds_a_file_that_was_moved_meanwhile(s3_bucket):
    stored = StoredFileFactory(content=b"abc")
    copy(source=("disk", stored.path), target=("s3", stored.path), sha256=stored.sha256)
    StoredFile.objects.update(place="s3")
    storage_of("disk").delete(stored.path)
    assert stored.place == "disk"
    with stored.open() as file:
        assert file.read() == b"abc"
    storage_of("s3").delete(stored.path)
    with pytest.raises(FileNotFoundError):
        stored.open()
