"""A worker carries out a decision to extend, once and whole, or says why not."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from portal.attempts import DEAD_AFTER, MAX_ATTEMPTS
from portal.audit.models import AuditEvent
from portal.notices.models import Notice
from tasks import jobs
from tasks.actions import exempt
from tasks.enums import EXTENDING_TRANSITIONS, UNDOING_TRANSITIONS, ExtensionStep
from tasks.enums import BulkExtensionState as S
from tasks.enums import ExtensionRefusal as Refusal
from tasks.extending import carrying_out
from tasks.extending.asking import ask_undo
from tasks.models import Assignment, BulkExtension, ExtendedAssignment
from tests.factories.accounts import membership_of
from tests.factories.tasks import AssignmentFactory
from tests.tasks.test_extending import carried_out, confirm, decide

pytestmark = pytest.mark.django_db


def ask_back(extension, user):
    return ask_undo(extension=extension, by=user, membership=membership_of(user))


@pytest.fixture(params=["extending", "undoing"])
def waiting(request, people, assignment):
    """What waits for a worker: a decision, or the undoing of one."""
    return confirm(people.lead) if request.param == "extending" else ask_back(decide(people.lead), people.lead)


def taken(waiting, *, attempts=1, heartbeat_at=None):
    """In the hands of a worker, who is dead unless its heart beat just now."""
    working = {S.QUEUED: S.EXTENDING, S.UNDO_QUEUED: S.UNDOING}[waiting.state]
    BulkExtension.objects.update(
        state=working, attempts=attempts, heartbeat_at=heartbeat_at or timezone.now() - 2 * DEAD_AFTER
    )


def test_what_a_worker_has_it_may_have_again_put_back_or_give_up_and_what_is_over_stays():
    for moves in (EXTENDING_TRANSITIONS, UNDOING_TRANSITIONS):
        assert moves["take"].sources == moves["fail"].sources == {moves["take"].target, moves["put_back"].target}
        assert not {S.NOT_EXTENDED, S.UNDONE} & {source for move in moves.values() for source in move.sources}


def test_it_waits_until_a_worker_comes(waiting, assignment):
    assert waiting.is_under_way
    before = Assignment.objects.get().deadline
    done = carried_out(waiting)
    assert done.state in (S.EXTENDED, S.UNDONE) and not done.is_under_way
    assert Assignment.objects.get().deadline != before
    carried_out(waiting)
    assert BulkExtension.objects.get().attempts == 1


def test_living_hands_keep_it_and_dead_ones_lose_it(waiting):
    before = Assignment.objects.get().deadline
    taken(waiting, heartbeat_at=timezone.now())
    assert carried_out(waiting).attempts == 1 and Assignment.objects.get().deadline == before
    taken(waiting)
    done = carried_out(waiting)
    assert done.attempts == 2 and not done.is_under_way and Assignment.objects.get().deadline != before


def test_what_kills_every_worker_is_given_up(waiting, people):
    before = Assignment.objects.get().deadline
    taken(waiting, attempts=MAX_ATTEMPTS)
    over = carried_out(waiting)
    assert (over.state, over.refusal) == (S.EXTENDED if waiting.undone_by else S.NOT_EXTENDED, Refusal.ERROR)
    assert over.error and over.undone_by is None and Assignment.objects.get().deadline == before
    if over.state == S.EXTENDED:
        assert carried_out(ask_back(over, people.lead)).state == S.UNDONE


def test_an_error_half_way_moves_nothing_and_is_tried_three_times(waiting, monkeypatch, caplog):
    def broken(extension):
        raise OSError(28, "No space left on device")

    for telling in ("tell_extended", "tell_undone"):
        monkeypatch.setattr(carrying_out, telling, broken)
    before, notices = list(Assignment.objects.values()), Notice.objects.count()
    BulkExtension.objects.update(step=ExtensionStep.MOVING)  # where a worker before died
    states = []
    for _ in range(MAX_ATTEMPTS + 1):
        row = carried_out(waiting)
        assert row.step == ExtensionStep.QUEUED
        states.append((row.state, row.attempts))
    assert states[:2] == [(waiting.state, 1), (waiting.state, 2)]
    assert states[2] == states[3] == (S.EXTENDED if waiting.undone_by else S.NOT_EXTENDED, 3)
    assert "No space left" in row.error and row.refusal == Refusal.ERROR
    assert list(Assignment.objects.values()) == before and Notice.objects.count() == notices
    assert ExtendedAssignment.objects.filter(undone_at=None).exists() == bool(waiting.undone_by)


def test_a_worker_taken_for_dead_changes_nothing_when_it_comes_back(waiting, monkeypatch):
    before = list(Assignment.objects.values())

    def meanwhile(extension):
        BulkExtension.objects.update(attempts=2, heartbeat_at=timezone.now())

    for telling in ("tell_extended", "tell_undone"):
        monkeypatch.setattr(carrying_out, telling, meanwhile)
    row = carried_out(waiting)
    assert row.is_under_way and list(Assignment.objects.values()) == before


@pytest.mark.parametrize("lost", ["membership", "account", "scope"])
def test_the_right_is_needed_when_it_is_done_as_well(waiting, people, lost):
    before = Assignment.objects.get().deadline
    if lost == "membership":
        people.lead.memberships.update(is_active=False)
    elif lost == "account":
        people.lead.is_active = False
        people.lead.save()
    else:
        people.authority.group.institutiongroupobjectpermission_set.all().delete()
    row = carried_out(waiting)
    of_scope = Refusal.NOTHING_LEFT if waiting.undone_by else Refusal.NOT_AS_SEEN
    assert row.refusal == (of_scope if lost == "scope" else Refusal.NOT_ALLOWED)
    assert row.state == (S.EXTENDED if waiting.undone_by else S.NOT_EXTENDED)
    assert Assignment.objects.get().deadline == before
    failed = AuditEvent.objects.get(action="bulkextension.fail")
    assert (failed.target_id, failed.actor) == (str(row.pk), None)


def test_what_changed_before_the_worker_came_is_not_moved(people, assignment):
    other = AssignmentFactory(institution=people.institution)
    extension = confirm(people.lead)
    exempt(assignment=other, reason="x", by=people.supervisor)
    row = carried_out(extension)
    assert (row.state, row.refusal, row.reason) == (S.NOT_EXTENDED, Refusal.NOT_AS_SEEN, extension.reason)
    assert Assignment.objects.get(pk=assignment.pk).deadline == assignment.deadline
    assert not ExtendedAssignment.objects.exists()


def test_what_was_signed_while_it_waited_counts_as_before(people, assignment):
    """Nothing was built on a deadline that was not granted yet."""
    extension = confirm(people.lead)
    Assignment.objects.update(state="submitted", submitted_at=timezone.now())
    assert carried_out(ask_back(carried_out(extension), people.lead)).put_back == 1


def test_the_hours_for_undoing_count_from_the_moving(people, assignment):
    with time_machine.travel(timezone.now() - timedelta(hours=30)):
        extension = confirm(people.lead)
    assert carried_out(extension).is_undoable


def test_what_lies_about_is_queued_again(people, assignment, monkeypatch, django_capture_on_commit_callbacks):
    queued = []
    monkeypatch.setattr(jobs.carry_out_extension, "apply_async", lambda args: queued.append(args[0]))
    with time_machine.travel(timezone.now() - 2 * DEAD_AFTER):
        lost = confirm(people.lead)
        done = decide(people.lead)
    fresh = confirm(people.lead)
    assert done.state == S.EXTENDED and fresh.state == S.QUEUED
    with django_capture_on_commit_callbacks(execute=True):
        jobs.resume_extensions()
    assert queued == [lost.pk]
