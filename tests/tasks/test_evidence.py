import stat
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.db import IntegrityError

from portal.audit.models import AuditEvent
from portal.gate import WrongState
from tasks import actions, evidence
from tasks.evidence import add_evidence, withdraw_evidence
from tasks.models import Evidence
from tests.tasks import samples
from tests.tasks.samples import upload


def stored_files(institution) -> set[str]:
    folder = f"evidence/{institution.pk}"
    return set(default_storage.listdir(folder)[1]) if default_storage.exists(folder) else set()


@pytest.fixture
def requirement(assignment):
    return assignment.requirements.select_related("task").first()


def test_an_upload_is_stored_privately_and_starts_the_work(people, assignment, requirement):
    file = upload("../制度\u202e.pdf")
    row = add_evidence(assignment=assignment, requirement=requirement, file=file, by=people.contributor)
    row.refresh_from_db()
    assert (row.original_name, row.content_type, row.size) == ("制度.pdf", "application/pdf", len(samples.PDF))
    assert row.file.name == f"evidence/{people.institution.pk}/{row.pk}"
    assert row.file.read() == samples.PDF
    assert stat.S_IMODE(Path(row.file.path).stat().st_mode) == 0o600
    assignment.refresh_from_db()
    assert assignment.state == "in_progress"
    event = AuditEvent.objects.get(action="evidence.added")
    assert event.data["sha256"] == row.sha256
    assert event.data["requirement"] == requirement.reference


def test_a_refused_file_leaves_nothing(people, assignment, requirement):
    before = stored_files(people.institution)
    with pytest.raises(ValidationError):
        add_evidence(assignment=assignment, requirement=requirement, file=upload("a.pdf", b""), by=people.contributor)
    assignment.refresh_from_db()
    assert assignment.state == "not_started"
    assert stored_files(people.institution) == before


def test_no_file_without_its_row(people, assignment, requirement, monkeypatch):
    def fail(**_kwargs):
        raise IntegrityError

    monkeypatch.setattr(evidence, "record", fail)
    before = stored_files(people.institution)
    with pytest.raises(IntegrityError):
        add_evidence(assignment=assignment, requirement=requirement, file=upload(), by=people.contributor)
    assert not Evidence.objects.exists()
    assert stored_files(people.institution) == before


def test_no_file_once_the_work_is_handed_in(people, filled):
    before = stored_files(people.institution)
    actions.hand_in(assignment=filled, by=people.contributor)
    with pytest.raises(WrongState):
        add_evidence(assignment=filled, requirement=filled.requirements.first(), file=upload(), by=people.contributor)
    assert stored_files(people.institution) == before


def test_withdrawing_hides_a_file_and_keeps_it(people, filled):
    row = filled.evidence.first()
    withdraw_evidence(evidence=row, by=people.contributor)
    withdraw_evidence(evidence=row, by=people.contributor)
    assert row.withdrawn_at
    assert row not in filled.evidence.current()
    assert default_storage.exists(row.file.name)
    assert AuditEvent.objects.filter(action="evidence.withdrawn").count() == 1


def test_what_waits_for_a_signature_is_not_withdrawn(people, filled):
    actions.hand_in(assignment=filled, by=people.contributor)
    with pytest.raises(WrongState):
        withdraw_evidence(evidence=filled.evidence.first(), by=people.contributor)
    assert filled.evidence.current().count() == 2
