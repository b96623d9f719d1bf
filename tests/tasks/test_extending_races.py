"""批量延期 beside another decision at the same moment: real transactions in threads."""

import os
import signal
import uuid
from functools import partial

import psycopg
import pytest
from django.utils import timezone

from portal.attempts import DEAD_AFTER
from portal.audit.actions import verify
from portal.gate import WrongState
from portal.notices.enums import NoticeKind
from portal.notices.models import Notice
from tasks import jobs
from tasks.actions import exempt
from tasks.enums import AssignmentState as S
from tasks.enums import BulkExtensionState as B
from tasks.enums import ExtensionRefusal as Refusal
from tasks.enums import ExtensionStep
from tasks.extending.asking import ask_undo
from tasks.extending.carrying_out import carry_out
from tasks.models import Assignment, BulkExtension, ExtendedAssignment
from tests.factories.accounts import membership_of
from tests.factories.tasks import AssignmentFactory
from tests.tasks.test_extending import DAY, choice_of, confirm, decide, take_back, ticked
from tests.tasks.test_races import at_once, refusals
from tests.tasks.world import make_people
from tests.workers import connection_parameters, wait_until, worker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def people():
    return make_people()


@pytest.fixture
def rows(people):
    return [AssignmentFactory(institution=people.institution) for _ in range(5)]


def moved_by(row) -> int:
    return (Assignment.objects.get(pk=row.pk).deadline - row.deadline).days


def outcomes_of(*extensions):
    at_once(*[partial(carry_out, extension_id=extension.pk) for extension in extensions])
    return [BulkExtension.objects.get(pk=extension.pk) for extension in extensions]


def test_of_two_decisions_on_the_same_rows_one_is_carried_out(people, rows):
    decided = [confirm(people.lead, choice=choice_of(people.lead, filters=ticked(*some))) for some in (rows, rows[1:])]
    outcomes = outcomes_of(*decided)
    assert {(row.state, row.refusal) for row in outcomes} == {(B.EXTENDED, ""), (B.NOT_EXTENDED, Refusal.NOT_AS_SEEN)}
    assert {moved_by(row) for row in rows[1:]} == {30}
    extended = next(row for row in outcomes if row.state == B.EXTENDED)
    assert ExtendedAssignment.objects.count() == extended.assignments
    assert Notice.objects.filter(kind=NoticeKind.DEADLINES_EXTENDED).count() == 3


def test_two_clicks_are_one_decision(people, rows):
    token = uuid.uuid4()
    first, second = at_once(*[lambda: confirm(people.lead, token=token)] * 2)
    assert first == second
    assert BulkExtension.objects.count() == 1


def test_two_workers_with_one_decision_carry_it_out_once(people, rows):
    extension = confirm(people.lead)
    outcomes_of(extension, extension)
    assert (BulkExtension.objects.get().state, BulkExtension.objects.get().attempts) == (B.EXTENDED, 1)
    assert {moved_by(row) for row in rows} == {30}
    assert Notice.objects.filter(kind=NoticeKind.DEADLINES_EXTENDED).count() == 3
    assert not list(verify(None))


def test_work_that_is_closed_meanwhile(people, rows):
    """It is closed after it was extended, or not extended."""
    closing, extension = rows[-1], confirm(people.lead)
    at_once(
        lambda: carry_out(extension_id=extension.pk),
        lambda: exempt(assignment=closing, reason="未开展业务", by=people.supervisor),
    )
    extension.refresh_from_db()
    assert Assignment.objects.get(pk=closing.pk).state == S.NOT_APPLICABLE
    assert {moved_by(row) for row in rows} == {30 if extension.state == B.EXTENDED else 0}


def test_undoing_beside_a_second_decision(people, rows):
    """Either the second moved what the first had granted, which then stays; or it is refused for what it saw."""
    first = decide(people.lead)
    second = confirm(people.lead)
    undone, second = outcomes_of(
        ask_undo(extension=first, by=people.lead, membership=membership_of(people.lead)), second
    )
    if second.state == B.NOT_EXTENDED:
        assert undone.put_back == len(rows)
        assert {moved_by(row) for row in rows} == {0}
    else:
        assert (undone.state, undone.refusal) == (B.EXTENDED, Refusal.NOTHING_LEFT)
        assert {moved_by(row) for row in rows} == {60}
        assert not ExtendedAssignment.objects.exclude(undone_at=None).exists()


def test_undone_once(people, rows):
    extension = decide(people.lead)
    outcomes = at_once(*[lambda: take_back(extension, people.lead)] * 2)
    assert refusals(outcomes) == [WrongState]
    assert {moved_by(row) for row in rows} == {0}
    assert Notice.objects.filter(kind=NoticeKind.EXTENSION_UNDONE).count() == 3
    assert all(row.undone_at < timezone.now() + DAY for row in ExtendedAssignment.objects.all())


@pytest.mark.slow
def test_a_worker_killed_half_way_has_moved_nothing_and_the_next_moves_it_once(people, rows):
    with worker("default") as first:
        with psycopg.connect(**connection_parameters()) as gate:
            # Whoever tells institutions waits here, with every deadline moved and nothing committed.
            gate.execute("LOCK TABLE notices_notice IN ACCESS EXCLUSIVE MODE")
            extension = confirm(people.lead)
            jobs.carry_out_extension.delay(extension.pk)
            wait_until(lambda: BulkExtension.objects.get().step == ExtensionStep.TELLING)
            os.killpg(first.pid, signal.SIGKILL)
            first.wait()
        extension.refresh_from_db()
        assert (extension.state, extension.attempts) == (B.EXTENDING, 1)
        assert {moved_by(row) for row in rows} == {0}
    carry_out(extension_id=extension.pk)  # too early: nobody knows yet that the worker is dead
    assert {moved_by(row) for row in rows} == {0}
    BulkExtension.objects.update(heartbeat_at=timezone.now() - 2 * DEAD_AFTER)

    def taken_up():
        carry_out(extension_id=extension.pk)
        return BulkExtension.objects.get().state == B.EXTENDED

    wait_until(taken_up)
    assert {moved_by(row) for row in rows} == {30}
    assert BulkExtension.objects.get().attempts == 2
    assert Notice.objects.filter(kind=NoticeKind.DEADLINES_EXTENDED).count() == 3
