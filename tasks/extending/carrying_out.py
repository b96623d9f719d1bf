"""The decision, and its undoing, as a worker carries them out: each a handful of statements in one transaction.

A worker that dies half-way has moved nothing. Both need the right to it when they are asked for, and again here.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import Any

from django.db import connection, transaction
from django.db.models import BigIntegerField, Value
from django.utils import timezone

from portal.accounts.models import Membership, User
from portal.attempts import advance, attempt, lock_mine
from portal.bulk import insert_select
from portal.gate import Move, pass_gate
from portal.notices.enums import DayUnit
from portal.notices.jobs import wake
from tasks.enums import EXTENDING_TRANSITIONS, UNDOING_TRANSITIONS, ExtensionRefusal, ExtensionStep
from tasks.extending.choice import Choice
from tasks.extending.facts import facts_of, to_put_back
from tasks.extending.telling import tell_extended, tell_undone
from tasks.extending.terms import Term
from tasks.models import Assignment, BulkExtension, ExtendedAssignment
from tasks.permissions import can_extend
from tasks.querysets import AssignmentQuerySet, BulkExtensionQuerySet
from tasks.rollout import move_deadlines_alone

MOVE = """
    UPDATE tasks_assignment assignment
    SET deadline = extended.new_deadline, deadline_is_official = true, changed_at = %(at)s, changed_by_id = %(by)s
    FROM tasks_extendedassignment extended
    WHERE extended.extension_id = %(extension)s AND assignment.id = extended.assignment_id
      AND assignment.deadline = extended.old_deadline AND assignment.state NOT IN ('accepted', 'not_applicable')
"""
PUT_BACK = """
    UPDATE tasks_assignment assignment
    SET deadline = extended.old_deadline, deadline_is_official = extended.old_is_official,
        changed_at = %(at)s, changed_by_id = %(by)s
    FROM tasks_extendedassignment extended
    WHERE extended.extension_id = %(extension)s AND extended.undone_at IS NOT NULL
      AND assignment.id = extended.assignment_id
      AND assignment.deadline = extended.new_deadline AND assignment.state NOT IN ('accepted', 'not_applicable')
"""


class Refused(Exception):
    """Another attempt would find the same, so nothing moves, and readers are told why."""

    def __init__(self, why: ExtensionRefusal) -> None:
        super().__init__(why)
        self.why = why


def carry_out(*, extension_id: int) -> None:
    """Move the deadlines, or move them back, whichever waits; nothing when neither does or a worker is at it."""
    _attempt(extension_id, BulkExtension.objects.to_extend(), EXTENDING_TRANSITIONS, _extend, {})
    _attempt(extension_id, BulkExtension.objects.to_undo(), UNDOING_TRANSITIONS, _undo, {"undone_by": None})


def _attempt(
    extension_id: int,
    rows: BulkExtensionQuerySet,
    moves: Mapping[str, Move],
    move_deadlines: Callable[[BulkExtension], None],
    failed: dict[str, Any],
) -> None:
    def move_or_refuse(extension: BulkExtension) -> None:
        advance(extension, step=ExtensionStep.QUEUED)
        try:
            move_deadlines(extension)
        except Refused as refused:
            with transaction.atomic():
                lock_mine(extension)
                pass_gate(row=extension, name="fail", moves=moves, by=None, refusal=refused.why, **failed)

    failed_for_good = failed | {"refusal": ExtensionRefusal.ERROR}
    attempt(extension_id, rows=rows, moves=moves, work=move_or_refuse, said=["step"], failed=failed_for_good)


@transaction.atomic
def _extend(extension: BulkExtension) -> None:
    """The steps are set on the row in hand, and told by its heartbeat; the first is to wait for others' moves."""
    move_deadlines_alone()
    extension.step = ExtensionStep.CHECKING
    choice = _choice(extension)
    _lock(choice.moves)
    if choice.digest() != (extension.assignments, extension.institutions, extension.sha256):
        raise Refused(ExtensionRefusal.NOT_AS_SEEN)
    extension.step = ExtensionStep.MOVING
    at = timezone.now()
    _write_down(extension, choice)
    _run(MOVE, extension, at, extension.by, extension.assignments)
    extension.step = ExtensionStep.TELLING
    tell_extended(extension)
    lock_mine(extension)
    pass_gate(
        row=extension,
        name="extend",
        moves=EXTENDING_TRANSITIONS,
        by=extension.by,
        at=at,
        step=extension.step,
        data=facts_of(extension),
    )
    wake()


def _choice(extension: BulkExtension) -> Choice:
    """What the decision chose, read anew for whoever made it."""
    unit = DayUnit(extension.unit) if extension.unit else None
    term = Term(until=extension.new_deadline, days=extension.days, unit=unit)
    return Choice(extension.by, _membership(extension, extension.by), term, extension.filters)


def _membership(extension: BulkExtension, person: User) -> Membership:
    """In which the person may still extend."""
    for membership in person.active_memberships:
        if person.is_active and membership.authority_id == extension.authority_id and can_extend(person, membership):
            return membership
    raise Refused(ExtensionRefusal.NOT_ALLOWED)


def _write_down(extension: BulkExtension, choice: Choice) -> None:
    of = Value(extension.pk, BigIntegerField())
    insert_select(
        ExtendedAssignment,
        ["extension", "assignment", "old_deadline", "old_is_official", "new_deadline"],
        choice.moves.values_list(of, "pk", "deadline", "deadline_is_official", "extended_to"),
        ignore_conflicts=False,
    )


@transaction.atomic
def _undo(extension: BulkExtension) -> None:
    move_deadlines_alone()
    extension.step = ExtensionStep.CHECKING
    by = extension.undone_by
    rows = to_put_back(extension, by, _membership(extension, by))
    _lock(Assignment.objects.filter(bulk_extensions__extension=extension))
    extension.step = ExtensionStep.MOVING
    at = timezone.now()
    put_back = rows.update(undone_at=at)
    if not put_back:
        raise Refused(ExtensionRefusal.NOTHING_LEFT)
    _run(PUT_BACK, extension, at, by, put_back)
    extension.step = ExtensionStep.TELLING
    tell_undone(extension)
    lock_mine(extension)
    data = facts_of(extension) | {"kept": extension.assignments - put_back}
    pass_gate(
        row=extension,
        name="undo",
        moves=UNDOING_TRANSITIONS,
        by=by,
        at=at,
        step=extension.step,
        put_back=put_back,
        data=data,
    )
    wake()


def _lock(assignments: AssignmentQuerySet) -> None:
    """In the order of their ids. What is read after it is what holds until the end of the transaction."""
    locked, parameters = (
        assignments.only("pk").order_by("pk").select_for_update(of=("self",), no_key=True).query.sql_with_params()
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({locked}) AS locked", parameters)  # noqa: S608 - a queryset's SQL


def _run(statement: str, extension: BulkExtension, at: datetime.datetime, by: User, number: int) -> None:
    """Move that many deadlines: the rows are locked, so every other number is a fault."""
    with connection.cursor() as cursor:
        cursor.execute(statement, {"extension": extension.pk, "at": at, "by": by.pk})
        if cursor.rowcount != number:
            raise RuntimeError(f"{cursor.rowcount} deadlines would move instead of {number}.")
