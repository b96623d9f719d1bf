import stat
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from portal.audit.models import AuditEvent
from portal.gate import WrongState
from tasks import actions, evidence
from tasks.evidence import add_evidence, reuse_file, withdraw_evidence
from tasks.models import Evidence
from tests.factories.tasks import EvidenceFactory, SubmissionFactory
from tests.factories.vault import StoredFileFactory
from tests.tasks.incoming import lying
from tests.vault import samples
from tests.vault.samples import upload
from vault.enums import Place
from vault.places import storage_of


@pytest.fixture
def requirement(assignment):
    return assignment.requirements.select_related("task").first()


def test_an_upload_is_stored_privately_and_starts_the_work(people, assignment, requirement):
    file = upload("../制度\u202e.pdf")
    row, _new = add_evidence(assignment=assignment, requirement=requirement, file=file, by=people.contributor)
    row.refresh_from_db()
    assert (row.original_name, row.content_type, row.size) == ("制度.pdf", "application/pdf", len(samples.PDF))
    assert (row.stored.state, row.stored.place, row.version) == ("received", Place.INCOMING, 1)
    with row.stored.open() as file:
        assert file.read() == samples.PDF
        assert stat.S_IMODE(Path(file.name).stat().st_mode) == 0o600
    assignment.refresh_from_db()
    assert assignment.state == "in_progress"
    event = AuditEvent.objects.get(action="evidence.added")
    assert event.data["sha256"] == row.sha256
    assert event.data["requirement"] == requirement.reference


def test_a_refused_file_leaves_nothing(people, assignment, requirement):
    before = lying()
    with pytest.raises(ValidationError):
        add_evidence(assignment=assignment, requirement=requirement, file=upload("a.pdf", b""), by=people.contributor)
    assignment.refresh_from_db()
    assert assignment.state == "not_started"
    assert lying() == before


def test_no_file_without_its_row(people, assignment, requirement, monkeypatch):
    def fail(**_kwargs):
        raise IntegrityError

    monkeypatch.setattr(evidence, "record", fail)
    before = lying()
    with pytest.raises(IntegrityError):
        add_evidence(assignment=assignment, requirement=requirement, file=upload(), by=people.contributor)
    assert not Evidence.objects.exists()
    assert lying() == before


def test_no_file_once_the_work_is_handed_in(people, filled):
    before = lying()
    actions.hand_in(assignment=filled, by=people.contributor)
    with pytest.raises(WrongState):
        add_evidence(assignment=filled, requirement=filled.requirements.first(), file=upload(), by=people.contributor)
    assert lying() == before


def test_accepted_work_takes_further_files_and_stays_as_it_was_signed(people, filled):
    requirement = filled.requirements.first()
    filled.state, filled.submitted_at, filled.accepted_at = "accepted", timezone.now(), timezone.now()
    filled.save()
    submission = SubmissionFactory(assignment=filled)
    signed = submission.evidence.get(requirement=requirement)
    row, _new = add_evidence(assignment=filled, requirement=requirement, file=upload("续证.pdf"), by=people.contributor)
    filled.refresh_from_db()
    assert filled.state == "accepted"
    assert row not in submission.evidence.all()
    assert not Evidence.objects.visible_to(people.supervisor).filter(pk=row.pk).exists()
    for change in (
        lambda: withdraw_evidence(evidence=signed, by=people.contributor),
        lambda: add_evidence(
            assignment=filled, requirement=requirement, file=upload("新版.pdf"), by=people.contributor, replaces=signed
        ),
    ):
        with pytest.raises(WrongState):
            change()


def test_withdrawing_hides_a_file_and_keeps_it(people, filled):
    row = filled.evidence.first()
    withdraw_evidence(evidence=row, by=people.contributor)
    withdraw_evidence(evidence=row, by=people.contributor)
    assert row.withdrawn_at
    assert row not in filled.evidence.current()
    assert storage_of(row.stored.place).exists(row.stored.path)
    assert AuditEvent.objects.filter(action="evidence.withdrawn").count() == 1


def test_what_waits_for_a_signature_is_not_withdrawn(people, filled):
    actions.hand_in(assignment=filled, by=people.contributor)
    with pytest.raises(WrongState):
        withdraw_evidence(evidence=filled.evidence.first(), by=people.contributor)
    assert filled.evidence.current().count() == 2


def test_a_new_version_takes_the_place_of_the_old_one(people, filled):
    old = filled.evidence.first()
    facts = {"assignment": filled, "requirement": old.requirement, "by": people.contributor, "replaces": old}
    new = add_evidence(file=upload("新版.pdf"), **facts).evidence
    old.refresh_from_db()
    assert old.superseded_at and not old.withdrawn_at
    assert (new.series, new.version) == (old.series, 2)
    with pytest.raises(ValidationError, match="已被撤回或替换"):
        add_evidence(file=upload("另一版.pdf", samples.PDF + b"2"), **facts)
    assert old not in filled.evidence.current() and new in filled.evidence.current()


def test_the_same_content_is_stored_once_and_put_forward_once(people, assignment, requirement):
    before = lying()
    facts = {"assignment": assignment, "by": people.contributor}
    first, is_new = add_evidence(requirement=requirement, file=upload("甲.pdf"), **facts)
    assert is_new
    assert add_evidence(requirement=requirement, file=upload("乙.pdf"), **facts) == (first, False)
    other, is_new = add_evidence(requirement=assignment.requirements.last(), file=upload("丙.pdf"), **facts)
    assert is_new
    assert (other.stored, other.original_name) == (first.stored, "丙.pdf")
    assert lying() - before == {first.stored.path}


def test_two_institutions_never_share_a_stored_file(people, assignment, requirement):
    stored = StoredFileFactory(content=samples.PDF)
    row, _new = add_evidence(assignment=assignment, requirement=requirement, file=upload(), by=people.contributor)
    assert row.sha256 == stored.sha256
    assert row.stored != stored
    with pytest.raises(ValidationError, match="只能选用本机构"):
        reuse_file(assignment=assignment, requirement=requirement, stored=stored, by=people.contributor)


def test_a_file_is_used_again_without_an_upload(people, filled):
    stored = filled.evidence.first().stored
    row = reuse_file(assignment=filled, requirement=filled.requirements.last(), stored=stored, by=people.contributor)
    assert (row.stored, row.original_name, row.version) == (stored, stored.name, 1)


@pytest.mark.parametrize("state", ["received", "refused", "quarantined"])
def test_what_did_not_pass_its_checks_is_not_handed_in(people, filled, state):
    stored = StoredFileFactory(
        institution=people.institution,
        state=state,
        finding="" if state == "received" else "malware",
        quarantined_at=timezone.now() if state == "quarantined" else None,
        content=state.encode(),
        place=Place.INCOMING,
    )
    row = EvidenceFactory(
        assignment=filled, requirement=filled.requirements.first(), original_name="可疑.pdf", stored=stored
    )
    with pytest.raises(ValidationError, match=r"可疑\.pdf"):
        actions.hand_in(assignment=filled, by=people.contributor)
    with pytest.raises(ValidationError, match="只能选用"):
        reuse_file(assignment=filled, requirement=row.requirement, stored=stored, by=people.contributor)
    withdraw_evidence(evidence=row, by=people.contributor)
    assert actions.hand_in(assignment=filled, by=people.contributor).state == "awaiting_signature"


@pytest.mark.parametrize(
    ("field", "value"),
    [("original_name", "别名.pdf"), ("version", 9), ("uploaded_at", timezone.now()), ("frozen_at", None)],
)
def test_the_database_keeps_evidence_as_it_was_put_forward(filled, field, value):
    row = filled.evidence.first()
    Evidence.objects.filter(pk=row.pk).update(frozen_at=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        Evidence.objects.filter(pk=row.pk).update(**{field: value})
    with pytest.raises(IntegrityError), transaction.atomic():
        Evidence.objects.filter(pk=row.pk).delete()
