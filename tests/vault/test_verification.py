"""The storage re-read: what is missing, changed or belongs to nobody, and who hears of it."""

import datetime
import json
from contextlib import nullcontext
from io import StringIO

import pytest
from botocore.config import Config
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command

from portal.accounts.enums import AuthorityKind, Role
from portal.audit.models import AuditEvent
from portal.notices.models import Notice
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member
from tests.factories.vault import StoredFileFactory
from vault import verification
from vault.jobs import verify_evidence
from vault.places import Unreachable, copy, storage_of
from vault.verification import total, verify

pytestmark = pytest.mark.django_db


def found(*arguments: str) -> tuple[dict, bool]:
    """What the command reports, and whether it ends well."""
    output = StringIO()
    try:
        call_command("verify_evidence", "--json", *arguments, stdout=output)
    except CommandError:
        return json.loads(output.getvalue()), False
    return json.loads(output.getvalue()), True


def kinds(result: dict) -> list[tuple[str, str]]:
    return sorted((problem["kind"], problem["path"]) for problem in result["problems"])


def overwrite(stored, content: bytes) -> None:
    storage = storage_of(stored.place)
    storage.delete(stored.path)
    storage.save(stored.path, ContentFile(content))


def test_sound_storage(place):
    files = [StoredFileFactory(content=content) for content in (b"a", b"bb", bytes(3_000_000))]
    result, ends_well = found("--sm3")
    assert (result["objects"], result["bytes"], result["problems"], ends_well) == (3, 3_000_003, [], True)
    for stored in files:
        stored.refresh_from_db()
        assert stored.verified_at and not stored.fault
    assert not AuditEvent.objects.filter(action__startswith="storedfile.fault").exists()


def test_missing_changed_and_orphaned(place):
    missing, longer, altered = (StoredFileFactory(content=content) for content in (b"1", b"22", b"333"))
    sound = StoredFileFactory(content=b"4444")
    storage_of(place).delete(missing.path)
    overwrite(longer, b"222")
    overwrite(altered, b"33x")
    storage_of(place).save("evidence/7/nobody", ContentFile(b"x"))
    result, ends_well = found()
    assert not ends_well
    assert kinds(result) == sorted(
        [
            ("missing", missing.path),
            ("changed", longer.path),
            ("changed", altered.path),
            ("orphaned", "evidence/7/nobody"),
        ]
    )
    for stored, fault in ((missing, "missing"), (longer, "changed"), (altered, "changed"), (sound, "")):
        stored.refresh_from_db()
        assert stored.fault == fault
        assert stored.verified_at
    details = {problem["path"]: problem["detail"] for problem in result["problems"]}
    assert details[longer.path] == "3 bytes instead of 2"
    assert details[altered.path].startswith("sha256 is ")
    event = AuditEvent.objects.get(action="storedfile.fault_found", target_id=str(altered.pk))
    assert event.institution == altered.institution
    assert event.data["fault"] == "changed" and event.data["sha256"] == altered.sha256


def test_a_fault_is_recorded_once_and_cleared_by_a_restore(place):
    stored = StoredFileFactory(content=b"abc")
    overwrite(stored, b"abd")
    found()
    found()
    overwrite(stored, b"abc")
    result, ends_well = found()
    assert ends_well and not result["problems"]
    stored.refresh_from_db()
    assert stored.fault == ""
    actions = AuditEvent.objects.filter(target_id=str(stored.pk)).values_list("action", flat=True)
    assert list(actions) == ["storedfile.fault_found", "storedfile.fault_cleared"]


def test_in_words(place):
    stored = StoredFileFactory(content=b"abc")
    storage_of(place).delete(stored.path)
    output = StringIO()
    with pytest.raises(CommandError, match="does not hold what it should"):
        call_command("verify_evidence", stdout=output)
    assert output.getvalue().splitlines() == [
        f"missing     {place}:{stored.path}  not found",
        "Read: 1 (3 bytes). Found: missing 1, changed 0, orphaned 0, unreadable 0.",
    ]


def test_only_checked_files_are_read(place):
    StoredFileFactory(state="received", content=b"a")
    result, ends_well = found()
    assert ends_well and result["objects"] == 0


def test_sm3_is_compared_when_asked(own_disk):
    stored = StoredFileFactory(content=b"abc", sm3="0" * 64)
    assert found()[1]
    result, ends_well = found("--sm3")
    assert not ends_well
    assert kinds(result) == [("changed", stored.path)]
    assert result["problems"][0]["detail"].startswith("sm3 is ")


def test_one_institution(place):
    mine, other = StoredFileFactory(content=b"a"), StoredFileFactory(content=b"b")
    storage_of(place).delete(mine.path)
    storage_of(place).delete(other.path)
    storage_of(place).save(f"evidence/{mine.institution_id}/nobody", ContentFile(b"x"))
    storage_of(place).save(f"evidence/{other.institution_id}/nobody", ContentFile(b"x"))
    result, _ends_well = found("--institution", mine.institution.credit_code)
    assert {path for _kind, path in kinds(result)} == {mine.path, f"evidence/{mine.institution_id}/nobody"}
    with pytest.raises(CommandError, match="No institution has the credit code 123"):
        call_command("verify_evidence", "--institution", "123")


def test_a_path_that_many_rows_share_is_read_once(place, monkeypatch):
    first = StoredFileFactory(content=b"abc")
    second = StoredFileFactory(content=b"abc", path=first.path)
    assert total() == (1, 3)
    read = []
    monkeypatch.setattr(verification, "pieces", lambda *at: read.append(at) or iter([b"abd"]))
    found()
    assert read == [(place, first.path)]
    for stored in (first, second):
        stored.refresh_from_db()
        assert stored.fault == "changed"


def test_part_by_part_each_file_gets_its_turn(own_disk):
    files = [StoredFileFactory(content=bytes([number]) * 10) for number in range(4)]
    turns = [[reading.content.path for reading in verify(limit_bytes=20)] for _ in range(3)]
    assert [len(turn) for turn in turns] == [2, 2, 2]
    assert set(turns[0] + turns[1]) == {stored.path for stored in files}
    assert sorted(turns[2]) == sorted(turns[0])
    assert len(list(verify(limit_bytes=1))) == 1


# --- What is no fault -------------------------------------------------------------------------------------


def test_a_disk_that_is_not_there_is_no_thousand_faults(place, settings):
    stored = StoredFileFactory(content=b"abc")
    settings.MEDIA_ROOT = settings.MEDIA_ROOT / "unmounted"
    s3 = settings.STORAGES.get("evidence-s3")
    if s3:
        wrong = {**s3, "OPTIONS": {**s3["OPTIONS"], "bucket_name": "another"}}
        settings.STORAGES = {**settings.STORAGES, "evidence-s3": wrong}
    with pytest.raises(CommandError, match=f"“{place}” cannot be reached") as error:
        call_command("verify_evidence")
    assert error.value.returncode == 2
    stored.refresh_from_db()
    assert (stored.fault, stored.verified_at) == ("", None)


def test_a_bucket_without_files_that_cannot_be_listed(s3_bucket, settings):
    s3 = settings.STORAGES["evidence-s3"]
    wrong = {**s3, "OPTIONS": {**s3["OPTIONS"], "bucket_name": "another"}}
    settings.STORAGES = {**settings.STORAGES, "evidence-s3": wrong}
    with pytest.raises(CommandError, match=r"“s3” cannot be reached: .*NoSuchBucket"):
        call_command("verify_evidence")


def test_a_service_that_is_down(s3_bucket, settings):
    s3 = settings.STORAGES["evidence-s3"]
    once = s3["OPTIONS"]["client_config"].merge(Config(retries={"total_max_attempts": 1}))
    down = {**s3, "OPTIONS": {**s3["OPTIONS"], "endpoint_url": "http://127.0.0.1:9", "client_config": once}}
    settings.STORAGES = {**settings.STORAGES, "evidence-s3": down}
    with pytest.raises(CommandError, match="“s3” cannot be reached: Could not connect"):
        call_command("verify_evidence")


def test_a_storage_that_does_not_answer_says_nothing_of_the_file(own_disk, monkeypatch):
    stored = StoredFileFactory(content=b"abc")

    def broken(*_at):
        yield b"a"
        raise ConnectionResetError("connection reset")

    monkeypatch.setattr(verification, "pieces", broken)
    result, ends_well = found()
    assert not ends_well
    assert kinds(result) == [("unreadable", stored.path)]
    stored.refresh_from_db()
    assert (stored.fault, stored.verified_at) == ("", None)


def test_a_storage_that_went_down_ends_the_run(own_disk, monkeypatch):
    for number in range(verification.GIVE_UP_AFTER + 1):
        StoredFileFactory(content=b"%d" % number)

    def refused(*_at):
        raise ConnectionRefusedError("refused")

    monkeypatch.setattr(verification, "pieces", refused)
    with pytest.raises(Unreachable, match="“disk” cannot be reached: ConnectionRefusedError: refused"):
        list(verify())


def test_a_file_that_is_moved_or_deleted_while_it_is_read(s3_bucket, monkeypatch):
    stored = StoredFileFactory(content=b"abc")
    real = verification.pieces

    def move_then_read(place, path):
        copy(source=("disk", path), target=("s3", path), sha256=stored.sha256)
        storage_of("disk").delete(path)
        yield from real(place, path)

    monkeypatch.setattr(verification, "pieces", move_then_read)
    readings = verify()
    # What is read ahead is not yet noted: the row changes in between.
    monkeypatch.setattr(verification.faults, "note", moving_the_row(stored, verification.faults.note))
    list(readings)
    stored.refresh_from_db()
    assert (stored.place, stored.fault) == ("s3", "")


def moving_the_row(stored, note):
    def note_after_the_move(**facts):
        type(stored).objects.filter(pk=stored.pk).update(place="s3")
        return note(**facts)

    return note_after_the_move


def test_what_is_on_its_way_is_no_orphan(s3_bucket):
    waiting = StoredFileFactory(state="received", content=b"waiting")
    content = ("disk", f"evidence/{waiting.institution_id}/{waiting.sha256}")
    copy(source=("incoming", waiting.path), target=content, sha256=waiting.sha256)
    moving = StoredFileFactory(content=b"moving")
    copy(source=("disk", moving.path), target=("s3", moving.path), sha256=moving.sha256)
    storage_of("disk").save(f"{moving.path}.0123.new", ContentFile(b"mov"))
    assert found()[0]["problems"] == []


def test_a_fault_named_on_its_row_while_another_copy_lies_elsewhere(s3_bucket):
    stored = StoredFileFactory(content=b"abc")
    copy(source=("disk", stored.path), target=("s3", stored.path), sha256=stored.sha256)
    storage_of("disk").delete(stored.path)
    assert kinds(found()[0]) == [("missing", stored.path)]


# --- Orphans ----------------------------------------------------------------------------------------------


def test_orphans_go_when_asked_and_a_day_old(place, monkeypatch):
    StoredFileFactory(content=b"abc")
    storage_of(place).save("evidence/7/nobody", ContentFile(b"x"))
    result, ends_well = found("--remove-orphans")
    assert not ends_well and result["orphans_removed"] == 0
    monkeypatch.setattr("vault.cleanup.OLD", datetime.timedelta(minutes=-5))
    result, ends_well = found("--remove-orphans")
    assert not ends_well and result["orphans_removed"] == 1
    assert found()[1]


# --- Alerts -----------------------------------------------------------------------------------------------


def test_the_weekly_job_alerts_liaisons_and_headquarters(place, settings, caplog):
    institution = InstitutionFactory()
    liaison = member(institution, Role.LIAISON)
    member(institution, Role.CONTRIBUTOR)
    member(institution, Role.LIAISON).memberships.update(is_active=False)
    headquarters = AuthorityFactory(kind=AuthorityKind.HEADQUARTERS)
    lead = member(headquarters, Role.LEAD_SUPERVISOR)
    member(headquarters, Role.OBSERVER)
    member(AuthorityFactory(kind=AuthorityKind.REGIONAL_OFFICE), Role.LEAD_SUPERVISOR)
    first, second = (StoredFileFactory(institution=institution, content=content) for content in (b"1", b"2"))
    storage_of(place).delete(first.path)
    storage_of(place).delete(second.path)
    storage_of(place).save("evidence/7/nobody", ContentFile(b"x"))
    verify_evidence()
    verify_evidence()
    notices = Notice.objects.all()
    assert sorted(notice.recipient.pk for notice in notices) == sorted([liaison.pk, lead.pk])
    assert {notice.kind for notice in notices} == {"file_fault"}
    told = notices.get(recipient=liaison)
    assert told.subject == f"文件完整性告警：“{first.name}”" or told.subject == f"文件完整性告警：“{second.name}”"
    assert institution.name in told.body and "从备份恢复" in told.body
    assert str(first.pk) in told.path or str(second.pk) in told.path
    errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert len([line for line in errors if "not found" in line]) == 2
    assert [line for line in errors if "belongs to no file" in line]


def test_the_weekly_job_reads_its_part(own_disk, settings):
    settings.VERIFY_BYTES = 1
    files = [StoredFileFactory(content=b"%d" % number) for number in range(3)]
    verify_evidence()
    assert sum(type(stored).objects.get(pk=stored.pk).verified_at is not None for stored in files) == 1


def test_the_weekly_job_runs_once_at_a_time(own_disk, monkeypatch):
    StoredFileFactory(content=b"abc")
    monkeypatch.setattr("vault.jobs.held", lambda _name: nullcontext(False))
    monkeypatch.setattr("vault.verification.verify", lambda **_: pytest.fail("runs twice"))
    verify_evidence()
