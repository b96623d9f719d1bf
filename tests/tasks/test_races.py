"""Two people, or two clicks, at the same moment: real transactions in threads."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from portal.audit.actions import verify
from portal.audit.models import AuditEvent
from portal.gate import WrongState
from portal.notices.models import Notice
from tasks import actions
from tasks.actions import Draft, StaleStatements
from tasks.evidence import add_evidence
from tasks.models import Submission
from tests.factories.tasks import AssignmentFactory, fill_in
from tests.tasks.world import make_people, make_task
from tests.vault.samples import PDF, upload
from vault.enums import Place
from vault.models import StoredFile
from vault.places import storage_of

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*jobs) -> list:
    """Start all jobs together; what each returned, or the refusal it raised."""
    barrier = Barrier(len(jobs))

    def run(job):
        barrier.wait()
        try:
            return job()
        except ValidationError as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))


@pytest.fixture
def people():
    return make_people()


@pytest.fixture
def filled(people):
    row = AssignmentFactory(task=make_task(), institution=people.institution, state="in_progress")
    return fill_in(row, by=people.contributor)


def refusals(outcomes) -> list:
    return [type(outcome) for outcome in outcomes if isinstance(outcome, ValidationError)]


def test_two_hand_ins_hand_in_once(people, filled):
    outcomes = at_once(*[lambda: actions.hand_in(assignment=filled, by=people.contributor)] * 2)
    assert refusals(outcomes) == [WrongState]
    assert AuditEvent.objects.filter(action="assignment.hand_in").count() == 1
    assert Notice.objects.count() == 1


def test_two_signatures_sign_once(people, filled):
    actions.hand_in(assignment=filled, by=people.contributor)
    seen = actions.digests_to_sign(actions.content_to_sign(filled)).sha256
    outcomes = at_once(*[lambda: actions.sign(assignment=filled, seen_sha256=seen, by=people.cio)] * 2)
    assert refusals(outcomes) == [WrongState]
    assert Submission.objects.get().number == 1
    assert not list(verify(people.institution.pk))


def test_sign_and_send_back_exclude_each_other(people, filled):
    actions.hand_in(assignment=filled, by=people.contributor)
    seen = actions.digests_to_sign(actions.content_to_sign(filled)).sha256
    outcomes = at_once(
        lambda: actions.sign(assignment=filled, seen_sha256=seen, by=people.cio),
        lambda: actions.send_back(assignment=filled, reason="补充", by=people.cio),
    )
    assert refusals(outcomes) == [WrongState]
    filled.refresh_from_db()
    assert (filled.state == "submitted") == Submission.objects.exists()


def test_two_uploads_are_both_stored(people):
    row = AssignmentFactory(task=make_task(), institution=people.institution)
    requirement = row.requirements.select_related("task").first()
    outcomes = at_once(
        *[
            lambda name=name: add_evidence(
                assignment=row, requirement=requirement, file=upload(name, PDF + name.encode()), by=people.contributor
            )
            for name in ("甲.pdf", "乙.pdf")
        ]
    )
    assert not refusals(outcomes)
    assert {file.original_name for file in row.evidence.current()} == {"甲.pdf", "乙.pdf"}
    assert AuditEvent.objects.filter(action="assignment.start").count() == 1


def test_the_same_content_at_once_is_stored_once(people):
    row = AssignmentFactory(task=make_task(), institution=people.institution)
    incoming = storage_of(Place.INCOMING)
    before = set(incoming.listdir("")[1]) if incoming.exists("") else set()
    outcomes = at_once(
        *[
            lambda requirement=requirement: add_evidence(
                assignment=row, requirement=requirement, file=upload(), by=people.contributor
            )
            for requirement in row.requirements.select_related("task")
        ]
    )
    assert not refusals(outcomes)
    assert row.evidence.count() == 2
    assert set(incoming.listdir("")[1]) - before == {StoredFile.objects.get().path}


def test_an_upload_is_in_what_was_handed_in_or_refused(people, filled):
    requirement = filled.requirements.select_related("task").first()
    outcomes = at_once(
        lambda: actions.hand_in(assignment=filled, by=people.contributor),
        lambda: add_evidence(assignment=filled, requirement=requirement, file=upload(), by=people.liaison),
    )
    handed_in, uploaded = outcomes
    filled.refresh_from_db()
    if isinstance(uploaded, WrongState):
        assert (filled.state, filled.evidence.count()) == ("awaiting_signature", 2)
    else:
        # It came first, and is not checked yet.
        assert handed_in.code == "unchecked"
        assert (filled.state, filled.evidence.count()) == ("in_progress", 3)


def test_of_two_first_saves_one_is_told(people):
    row = AssignmentFactory(task=make_task(), institution=people.institution)
    requirement = row.requirements.first()
    outcomes = at_once(
        *[
            lambda text=text: actions.save_statements(
                assignment=row, drafts={requirement.pk: Draft(text, 0)}, by=people.contributor
            )
            for text in ("甲", "乙")
        ]
    )
    assert refusals(outcomes) == [StaleStatements]
    assert row.statements.get().revision == 1
