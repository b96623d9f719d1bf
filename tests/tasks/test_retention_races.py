"""Deletion against what forbids it, at the same moment: one wins, never both. Real transactions."""

import pytest
from django.core.exceptions import ValidationError

from tasks.evidence import add_evidence, reuse_file
from tasks.retention import delete_files
from tests.factories.vault import StoredFileFactory
from tests.tasks.test_races import at_once
from tests.tasks.test_retention import LONG_AGO, assignment_of, evidence_of, timezone
from tests.tasks.world import make_people
from tests.vault.samples import PDF, upload
from vault.enums import FileState
from vault.holds import place_hold
from vault.models import LegalHold, StoredFile

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def people():
    return make_people()


def is_deleted(stored) -> bool:
    return StoredFile.objects.get(pk=stored.pk).state == FileState.DELETED


@pytest.mark.parametrize("attempt", range(3))
def test_a_hold_placed_while_a_deletion_runs(people, attempt):
    stored = evidence_of(people.institution).stored
    held, deleted = at_once(
        lambda: place_hold(institution=people.institution, reason="立案调查", by=people.lead),
        lambda: delete_files(files=[stored], reason="留存期满", by=people.lead),
    )
    assert isinstance(held, LegalHold)
    if isinstance(deleted, ValidationError):
        assert deleted.code == "held"
        assert not is_deleted(stored)
    else:
        assert is_deleted(stored)
        assert StoredFile.objects.get(pk=stored.pk).deleted_at <= held.placed_at


def test_a_deletion_waits_for_a_hold_that_is_being_placed(people, monkeypatch):
    """The hold is not committed yet when the deletion begins: it must not look past it."""
    from threading import Event, Thread

    from django.db import connection

    from vault import holds

    stored = evidence_of(people.institution).stored
    placed, may_commit = Event(), Event()
    recorded = holds.record

    def slowly(**facts):
        placed.set()
        may_commit.wait(30)
        return recorded(**facts)

    monkeypatch.setattr(holds, "record", slowly)

    def place():
        place_hold(institution=people.institution, reason="立案调查", by=people.lead)
        connection.close()

    outcome = []

    def remove():
        try:
            outcome.append(delete_files(files=[stored], reason="留存期满", by=people.lead))
        except ValidationError as refusal:
            outcome.append(refusal.code)
        connection.close()

    placing, removing = Thread(target=place), Thread(target=remove)
    placing.start()
    assert placed.wait(30)
    removing.start()
    removing.join(1)
    assert not outcome, "the deletion did not wait"
    may_commit.set()
    placing.join()
    removing.join()
    assert outcome == ["held"]
    assert not is_deleted(stored)


@pytest.mark.parametrize("attempt", range(3))
def test_a_file_put_forward_again_while_it_is_deleted(people, attempt):
    stored = evidence_of(people.institution).stored
    current = assignment_of(people.institution, ends_on=timezone.localdate())
    reused, deleted = at_once(
        lambda: reuse_file(
            assignment=current, requirement=current.requirements.get(), stored=stored, by=people.contributor
        ),
        lambda: delete_files(files=[stored], reason="留存期满", by=people.lead),
    )
    assert isinstance(reused, ValidationError) != isinstance(deleted, ValidationError)
    assert is_deleted(stored) == isinstance(reused, ValidationError)


@pytest.mark.parametrize("attempt", range(3))
def test_the_same_content_uploaded_while_it_is_deleted(people, attempt):
    stored = StoredFileFactory(
        institution=people.institution, received_at=LONG_AGO, content=PDF, content_type="application/pdf"
    )
    evidence_of(people.institution, stored=stored)
    current = assignment_of(people.institution, ends_on=timezone.localdate())
    _added, deleted = at_once(
        lambda: add_evidence(
            assignment=current,
            requirement=current.requirements.select_related("task").get(),
            file=upload(),
            by=people.contributor,
        ),
        lambda: delete_files(files=[stored], reason="留存期满", by=people.lead),
    )
    put_forward = current.evidence.get()
    assert put_forward.stored.state in (FileState.CLEAN, FileState.RECEIVED)
    assert put_forward.stored.open().read() == PDF
    assert is_deleted(stored) == (put_forward.stored_id != stored.pk)
    assert is_deleted(stored) != isinstance(deleted, ValidationError)
