"""From disk to S3 and back: every object verified, interrupted anywhere, and read all the while."""

import threading
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from portal.audit.models import AuditEvent
from tests.factories.accounts import UserFactory
from tests.factories.vault import StoredFileFactory
from vault import moving
from vault.models import StoredFile
from vault.moving import move
from vault.places import Unreachable, copy, storage_of, walk

pytestmark = pytest.mark.django_db

OTHER = {"disk": "s3", "s3": "disk"}


def moved(to: str, *arguments: str) -> list[str]:
    output = StringIO()
    call_command("move_evidence", "--to", to, *arguments, stdout=output, stderr=StringIO())
    return output.getvalue().splitlines()


def lying(place: str) -> list[str]:
    return sorted(found.path for found in walk(place))


@pytest.fixture
def files(s3_bucket, settings):
    """Makes so many in a place; what they say is their number."""

    def make(count: int, place: str = "disk") -> list[StoredFile]:
        return [StoredFileFactory(content=b"%d" % number, place=place) for number in range(count)]

    return make


@pytest.mark.parametrize("to", ["s3", "disk"])
def test_everything_moves_and_is_read_where_it_is(files, to):
    stored = files(3, OTHER[to])
    paths = sorted(file.path for file in stored)
    assert moved(to) == [f"Moved to {to}: 3 (3 bytes). Left: 0."]
    assert (lying(OTHER[to]), lying(to)) == ([], paths)
    for number, file in enumerate(stored):
        file.refresh_from_db()
        assert (file.place, file.verified_at is not None) == (to, True)
        with file.open() as content:
            assert content.read() == b"%d" % number
    assert AuditEvent.objects.get(action="storage.moved").data == {"to": to, "objects": 3, "bytes": 3}
    call_command("verify_evidence", stdout=StringIO())
    assert moved(to) == [f"Moved to {to}: 0 (0 bytes). Left: 0."]


def test_part_by_part(files):
    files(3)
    assert moved("s3", "--limit", "2") == ["Moved to s3: 2 (2 bytes). Left: 1."]
    assert moved("s3", "--limit", "2") == ["Moved to s3: 1 (1 byte). Left: 0."]


@pytest.mark.parametrize("step", ["copied", "named"])
def test_a_run_that_is_killed_is_begun_again(files, monkeypatch, step):
    """After the copy and before its row, or after its row and before the removal."""
    stored = files(3)

    def killed(*_arguments, **_facts):
        raise KeyboardInterrupt

    if step == "copied":
        monkeypatch.setattr(moving, "copy", lambda **facts: copy(**facts) or killed())
    else:
        monkeypatch.setattr(moving, "storage_of", killed)
    with pytest.raises(KeyboardInterrupt):
        moved("s3")
    monkeypatch.undo()
    for number, file in enumerate(stored):
        file.refresh_from_db()
        with file.open() as content:
            assert content.read() == b"%d" % number
    moved("s3")
    assert lying("s3") == sorted(file.path for file in stored)
    # What the killed run left on disk is the nightly clean-up's.
    assert lying("disk") == ([] if step == "copied" else [min(file.path for file in stored)])


def test_what_cannot_be_moved_stays_and_is_named(files):
    gone, changed, sound = files(3)
    storage_of("disk").delete(gone.path)
    storage_of("disk").delete(changed.path)
    storage_of("disk").save(changed.path, storage_of("disk").open(sound.path))
    output = StringIO()
    with pytest.raises(CommandError, match="2 could not be moved"):
        call_command("move_evidence", "--to", "s3", stdout=output, stderr=StringIO())
    lines = output.getvalue().splitlines()
    assert [line.split()[:3] for line in sorted(lines)[1:]] == sorted(
        [["not", "moved", gone.path], ["not", "moved", changed.path]]
    )
    assert "Moved to s3: 1 (1 byte). Left: 2." in lines
    assert (lying("disk"), lying("s3")) == ([changed.path], [sound.path])
    assert set(StoredFile.objects.filter(place="disk")) == {gone, changed}


def test_a_path_that_many_rows_share_is_copied_once(files, monkeypatch):
    (first,) = files(1)
    second = StoredFileFactory(content=b"0", path=first.path, place="disk")
    copies = []
    monkeypatch.setattr(moving, "copy", lambda **facts: copies.append(facts) or copy(**facts))
    assert moved("s3") == ["Moved to s3: 1 (1 byte). Left: 0."]
    assert len(copies) == 1
    second.refresh_from_db()
    assert second.place == "s3"
    assert lying("disk") == []


def test_a_file_that_is_deleted_while_it_is_copied(files, monkeypatch):
    (stored,) = files(1)

    def delete_then_copy(**facts):
        copy(**facts)
        facts = {"state": "deleted", "path": "", "deleted_reason": "过期", "deleted_by": UserFactory()}
        StoredFile.objects.update(deleted_at=stored.checked_at, **facts)

    monkeypatch.setattr(moving, "copy", delete_then_copy)
    assert moved("s3") == ["Moved to s3: 0 (0 bytes). Left: 0."]
    assert StoredFile.objects.get().place == "disk"


def test_only_checked_files_move(s3_bucket):
    StoredFileFactory(state="received", content=b"a")
    assert moved("s3") == ["Moved to s3: 0 (0 bytes). Left: 0."]


def test_without_a_bucket_nothing_begins(own_disk):
    stored = StoredFileFactory(content=b"abc")
    with pytest.raises(CommandError, match="“s3” cannot be reached") as error:
        moved("s3")
    assert error.value.returncode == 2
    assert lying("disk") == [stored.path]


def test_new_files_that_go_elsewhere_are_told_of(files):
    warning = StringIO()
    call_command("move_evidence", "--to", "s3", stdout=StringIO(), stderr=warning)
    assert "set PORTAL_EVIDENCE_PLACE=s3" in warning.getvalue()


def test_a_target_that_is_down_leaves_all_as_it_was(files, settings):
    stored = files(2)
    s3 = settings.STORAGES["evidence-s3"]
    wrong = {**s3, "OPTIONS": {**s3["OPTIONS"], "bucket_name": "another"}}
    settings.STORAGES = {**settings.STORAGES, "evidence-s3": wrong}
    with pytest.raises(Unreachable):
        list(move(to="s3"))
    assert lying("disk") == sorted(file.path for file in stored)


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_share_the_work(files):
    stored = files(12)
    outcomes = []

    def run():
        try:
            outcomes.extend(move(to="s3"))
        finally:
            connection.close()

    runs = [threading.Thread(target=run) for _ in range(2)]
    for thread in runs:
        thread.start()
    for thread in runs:
        thread.join()
    assert sorted(outcome.path for outcome in outcomes) == sorted(file.path for file in stored)
    assert not [outcome for outcome in outcomes if outcome.error]
    assert lying("disk") == []
    assert lying("s3") == sorted(file.path for file in stored)


@pytest.mark.django_db(transaction=True)
def test_a_path_that_another_run_has_is_left_to_it(files):
    (stored,) = files(1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT hashtextextended(%s, 0)", [f"move {stored.path}"])
        (key,) = cursor.fetchone()
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [key])
        assert list(move(to="s3")) == []
    other.close()
    assert len(list(move(to="s3"))) == 1


def test_a_reader_finds_a_file_that_was_moved_meanwhile(files):
    (stored,) = files(1)
    moved("s3")
    assert stored.place == "disk"
    with stored.open() as file:
        assert file.read() == b"0"
    storage_of("s3").delete(stored.path)
    with pytest.raises(FileNotFoundError):
        stored.open()
