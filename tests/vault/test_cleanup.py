"""What the nightly clean-up takes away, and above all what it leaves."""

import datetime

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from portal.audit.models import AuditEvent
from tests.factories.accounts import UserFactory
from tests.factories.vault import StoredFileFactory
from vault.checking import check
from vault.cleanup import clean_up
from vault.jobs import clean_up as nightly
from vault.models import LegalHold, StoredFile
from vault.places import copy, stop_unfinished_uploads, storage_of, walk

pytestmark = pytest.mark.django_db

DAY = datetime.timedelta(days=1)


def put(place: str, path: str, content: bytes = b"x") -> None:
    storage_of(place).save(path, ContentFile(content))


def lying(place: str) -> list[str]:
    return sorted(found.path for found in walk(place))


def tomorrow(days: int = 1) -> datetime.datetime:
    return timezone.now() + days * DAY + datetime.timedelta(minutes=5)


def test_nothing_goes_that_a_row_names(place):
    files = [
        StoredFileFactory(content=b"clean"),
        StoredFileFactory(state="received", content=b"received"),
        quarantined(content=b"quarantined"),
    ]
    assert not any(clean_up(now=tomorrow()).values())
    for stored in files:
        with stored.open() as file:
            assert file.read()
    assert not AuditEvent.objects.filter(action="storage.cleaned").exists()


def test_what_arrived_for_nothing(own_disk):
    put("incoming", "abandoned")
    put("incoming", "upload.part")
    put("quarantine", "abandoned")
    assert not any(clean_up().values())  # it may be on its way to its row
    gone = clean_up(now=tomorrow())
    assert (gone["incoming"], gone["quarantine"]) == (1, 1)
    assert (lying("incoming"), lying("quarantine")) == (["upload.part"], [])
    assert AuditEvent.objects.get(action="storage.cleaned").data["incoming"] == 1


def test_a_row_in_another_place_keeps_nothing_in_this_one(own_disk):
    stored = StoredFileFactory(content=b"abc")
    put("incoming", stored.path)
    clean_up(now=tomorrow())
    assert (lying("incoming"), lying("disk")) == ([], [stored.path])


@pytest.mark.parametrize("state", ["refused", "quarantined", "deleted"])
def test_bytes_of_a_file_that_is_no_more(place, state):
    """A worker was killed between the row and the removal."""
    stored = StoredFileFactory(content=b"abc")
    facts = {
        "refused": {"finding": "type"},
        "quarantined": {"finding": "malware", "quarantined_at": timezone.now(), "place": "quarantine"},
        "deleted": {"deleted_at": timezone.now(), "deleted_by": UserFactory(), "deleted_reason": "过期"},
    }
    StoredFile.objects.update(state=state, path="", **facts[state])
    assert clean_up()["left_behind"] == 0
    assert clean_up(now=tomorrow())["left_behind"] == 1
    assert lying(place) == []
    assert stored.path


def test_a_deleted_file_that_came_in_again_keeps_its_bytes(place):
    old = StoredFileFactory(content=b"abc")
    StoredFile.objects.update(
        state="deleted", path="", deleted_at=timezone.now(), deleted_by=UserFactory(), deleted_reason="过期"
    )
    again = StoredFileFactory(institution=old.institution, state="received", content=b"abc")
    clean_up(now=tomorrow())
    assert lying(place) == [old.path]  # its check may be copying it this very moment
    check(stored_id=again.pk)
    clean_up(now=tomorrow())
    assert lying(place) == [old.path]


def test_what_a_move_left_behind(s3_bucket):
    stored = StoredFileFactory(content=b"abc", place="s3")
    put("disk", stored.path, b"abc")
    put("disk", f"{stored.path}.0123.new", b"ab")
    assert clean_up(now=tomorrow())["left_behind"] == 2
    assert (lying("disk"), lying("s3")) == ([], [stored.path])


def test_the_other_copy_of_a_file_with_a_fault_stays(s3_bucket):
    stored = StoredFileFactory(content=b"abc", place="s3", fault="changed")
    put("disk", stored.path, b"abc")
    clean_up(now=tomorrow())
    assert lying("disk") == [stored.path]


def test_what_belongs_to_nobody_is_left_to_a_person(place):
    put(place, "evidence/7/nobody")
    clean_up(now=tomorrow(30))
    assert lying(place) == ["evidence/7/nobody"]


def test_other_files_on_the_disk_are_no_business_of_this(own_disk):
    put("disk", "reports/1.pdf")
    clean_up(now=tomorrow())
    assert lying("disk") == ["reports/1.pdf"]


def test_an_upload_to_s3_that_a_crash_left_half_way(s3_bucket):
    bucket = storage_of("s3").bucket
    bucket.Object("portal/evidence/7/abc").initiate_multipart_upload()
    bucket.Object("another-site/abc").initiate_multipart_upload()
    long_ago = datetime.datetime(2001, 1, 1, tzinfo=datetime.UTC)  # moto's uploads are all of one day in 2010
    assert stop_unfinished_uploads("s3", before=long_ago) == 0
    assert clean_up()["unfinished"] == 1
    assert [upload.object_key for upload in bucket.multipart_uploads.all()] == ["another-site/abc"]


# --- Quarantine -------------------------------------------------------------------------------------------


def quarantined(content: bytes) -> StoredFile:
    return StoredFileFactory(
        content=content, state="quarantined", place="quarantine", finding="malware", quarantined_at=timezone.now()
    )


def test_quarantine_ends_and_its_row_stays(own_disk, settings):
    settings.QUARANTINE_DAYS = 10
    stored = quarantined(b"abc")
    clean_up(now=tomorrow(9))
    assert lying("quarantine") == [stored.path]
    assert clean_up(now=tomorrow(10))["quarantine_over"] == 1
    assert lying("quarantine") == []
    stored.refresh_from_db()
    assert (stored.state, stored.path, stored.sha256 != "") == ("quarantined", "", True)
    event = AuditEvent.objects.get(action="storedfile.quarantine_over")
    assert (event.institution, event.data["sha256"]) == (stored.institution, stored.sha256)
    assert clean_up(now=tomorrow(10))["quarantine_over"] == 0


def test_a_legal_hold_keeps_the_quarantine(own_disk):
    stored = quarantined(b"abc")
    hold = LegalHold.objects.create(institution=stored.institution, reason="调查", placed_by=UserFactory())
    clean_up(now=tomorrow(365))
    assert lying("quarantine") == [stored.path]
    hold.released_by, hold.released_at = hold.placed_by, timezone.now()
    hold.save()
    clean_up(now=tomorrow(365))
    assert lying("quarantine") == []


def test_the_nightly_job_may_run_twice(own_disk):
    stored = StoredFileFactory(content=b"abc")
    copy(source=("disk", stored.path), target=("incoming", "x"), sha256=stored.sha256)
    nightly()
    nightly()
    assert lying("disk") == [stored.path]
