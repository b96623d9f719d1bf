"""What the database notes of every change of an assignment, whoever makes it."""

import datetime
import importlib

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from portal.days import NEVER, end_of
from tasks import actions, past
from tasks.content import content_to_sign, digests_to_sign
from tasks.models import Assignment, AssignmentChange
from tasks.requests import file_request, grant_request
from tasks.rollout import apply_schedule, roll_out
from tests.factories.accounts import InstitutionFactory
from tests.factories.plan import TaskFactory
from tests.factories.tasks import AssignmentFactory

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)
EARLIER = importlib.import_module("tasks.migrations.0012_earlier_changes")
HELD = importlib.import_module("tasks.migrations.0017_changes_hold_until")
TIMES = importlib.import_module("tasks.migrations.0018_times_of_changes")
# As the table was when the first of these came.
AS_IT_WAS = """
    SET CONSTRAINTS ALL IMMEDIATE;
    ALTER TABLE tasks_assignmentchange DISABLE TRIGGER kept,
        ALTER until DROP NOT NULL, ALTER institution_id DROP NOT NULL, ALTER task_id DROP NOT NULL;
    DROP INDEX change_in_force_once;
    DELETE FROM tasks_assignmentchange;
"""


def told(assignment) -> list[tuple]:
    rows = assignment.changes.order_by("pk")
    return [(row.from_state, row.to_state, row.by_id, row.at) for row in rows]


def times(row) -> list:
    return [getattr(row, name) for name in past.TIMES]


def through_the_round(assignment, people) -> Assignment:
    actions.hand_in(assignment=assignment, by=people.contributor)
    seen = digests_to_sign(content_to_sign(assignment)).sha256
    actions.sign(assignment=assignment, seen_sha256=seen, by=people.cio)
    row = Assignment.objects.get(pk=assignment.pk)
    return actions.accept(assignment=row, by=people.supervisor, data={})


def test_every_passage_is_noted_with_who_and_when(filled, people):
    done = through_the_round(filled, people)
    assert told(filled) == [
        ("", "in_progress", None, filled.created_at),
        ("in_progress", "awaiting_signature", people.contributor.pk, done.handed_in_at),
        ("awaiting_signature", "submitted", people.cio.pk, done.submitted_at),
        ("submitted", "accepted", people.supervisor.pk, done.changed_at),
    ]
    assert done.changed_at == done.accepted_at


def test_a_granted_extension_is_noted_with_both_deadlines(filled, people):
    until = filled.deadline + datetime.timedelta(days=20)
    request = file_request(
        assignment=filled, kind="extension", reason="设备到货延迟", new_deadline=until, by=people.contributor
    )
    grant_request(request=request, authority=people.authority, by=people.lead)
    change = filled.changes.order_by("-pk").first()
    assert (change.from_deadline, change.to_deadline) == (filled.deadline, until)
    assert (change.from_state, change.to_state, change.by) == ("in_progress", "in_progress", people.lead)


def test_rolling_out_and_rescheduling_note_each_row(people):
    task = TaskFactory()
    schedule = task.schedules.get()
    InstitutionFactory()
    created = roll_out(plan=task.plan, by=people.lead)
    first = AssignmentChange.objects.filter(assignment__task=task)
    assert created > 1
    assert set(first.values_list("from_state", "to_state", "by", "to_deadline")) == {
        ("", "not_started", people.lead.pk, schedule.due_on)
    }
    assert first.count() == created
    schedule.due_on += datetime.timedelta(days=3)
    schedule.save()
    assert apply_schedule(plan=task.plan, by=None) == created
    assert first.filter(from_deadline__isnull=False, to_deadline=schedule.due_on, by=None).count() == created


def test_what_changes_neither_state_nor_deadline_is_not_noted(assignment):
    Assignment.objects.update(part="lead")
    assert assignment.changes.count() == 1


def test_a_change_by_hand_is_nobodys_and_of_now(assignment):
    before = timezone.now() - datetime.timedelta(days=9)
    Assignment.objects.update(changed_at=before)
    Assignment.objects.update(state="in_progress", started_at=before)
    change = assignment.changes.get(from_state="not_started")
    assert change.by is None
    assert change.at > before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE tasks_assignmentchange SET at = now()",
        "UPDATE tasks_assignmentchange SET returned_at = now()",
        "DELETE FROM tasks_assignmentchange",
    ],
)
def test_facts_are_kept(assignment, statement):
    with pytest.raises(DatabaseError, match="stays as it was"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    AssignmentChange.objects.update(is_counted=True)


def test_the_audit_trail_tells_what_was_before_facts_were_kept(filled, people):
    """Creation is told as from nothing to 未开始, and what the trail does not know is put at the state's own time."""
    through_the_round(filled, people)
    silent = AssignmentFactory(state="submitted", institution=people.institution)
    kept = told(filled)[1:]
    with connection.cursor() as cursor:
        cursor.execute(AS_IT_WAS)
        cursor.execute(EARLIER.FILL)
        cursor.execute(HELD.FILL)
        cursor.execute(TIMES.FILL)
    assert told(filled)[0] == ("", "not_started", None, filled.created_at)
    assert [row[:3] for row in told(filled)[1:]] == [row[:3] for row in kept]
    assert told(silent) == [
        ("", "not_started", None, silent.created_at),
        ("not_started", "submitted", None, max(silent.created_at, silent.submitted_at)),
    ]
    for row in (filled, silent):
        assert_each_holds_until_the_next(row)
        last, now = row.changes.get(until=NEVER), Assignment.objects.get(pk=row.pk)
        assert [at is None for at in times(last)] == [at is None for at in times(now)]


def test_each_fact_has_the_times_that_the_assignment_had(filled, people):
    actions.hand_in(assignment=filled, by=people.contributor)
    seen = digests_to_sign(content_to_sign(filled)).sha256
    actions.sign(assignment=filled, seen_sha256=seen, by=people.cio)
    returned = actions.give_back(assignment=Assignment.objects.get(pk=filled.pk), by=people.supervisor, data={})
    actions.open_for_editing(returned, people.contributor)
    told_times = [times(change) for change in filled.changes.order_by("pk")]
    signed_at, returned_at = returned.submitted_at, returned.returned_at
    assert told_times == [[None] * 3] * 2 + [[signed_at, None, None]] + [[signed_at, returned_at, None]] * 2
    assert signed_at < returned_at


# --- Until when each holds --------------------------------------------------------------------------------


def assert_each_holds_until_the_next(assignment):
    facts = list(assignment.changes.order_by("at", "pk"))
    assert [fact.until for fact in facts] == [fact.at for fact in facts[1:]] + [NEVER]
    assert {(fact.institution_id, fact.task_id) for fact in facts} == {(assignment.institution_id, assignment.task_id)}


def test_each_fact_holds_until_the_next(filled, people):
    through_the_round(filled, people)
    assert_each_holds_until_the_next(filled)


@pytest.mark.parametrize("days", [0, -3])
def test_what_comes_at_the_time_of_the_last_or_before_follows_it_at_once(assignment, days):
    """The one before then held for no time: of the end of any day only the later tells."""
    change, later = Assignment.objects.filter(pk=assignment.pk).update, timezone.now() + 9 * DAY
    change(deadline=assignment.deadline + DAY, changed_at=later)
    change(state="in_progress", started_at=later, changed_at=later + days * DAY)
    first, second, third = assignment.changes.order_by("pk")
    assert second.at == second.until == third.at
    assert_each_holds_until_the_next(assignment)
    day = timezone.localdate(later)
    assert [*assignment.changes.last_by(day)] == [third]
    assert [*assignment.changes.last_by(day - DAY)] == [first]


def test_what_happens_at_midnight_is_of_the_day_that_begins(assignment):
    day = timezone.localdate() + DAY
    Assignment.objects.filter(pk=assignment.pk).update(deadline=day, changed_at=end_of(day))
    first, second = assignment.changes.order_by("pk")
    assert [*assignment.changes.last_by(day)] == [first]
    assert [*assignment.changes.last_by(day + DAY)] == [second]


@pytest.mark.parametrize("change", ["until = now() WHERE until = %s", "until = at WHERE until <> %s"])
def test_a_fact_ends_once_and_never_by_hand(filled, people, change):
    actions.hand_in(assignment=filled, by=people.contributor)
    with pytest.raises(DatabaseError, match="stays as it was"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE tasks_assignmentchange SET {change}", [NEVER])


def test_no_fact_comes_in_beside_the_one_in_force(assignment):
    fact = assignment.changes.get()
    fact.pk, fact.at = None, fact.at - DAY
    with pytest.raises(DatabaseError, match="change_in_force_once"), transaction.atomic():
        fact.save()
