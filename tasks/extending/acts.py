"""The decision, and its undoing: each a handful of statements in one transaction."""

from __future__ import annotations

import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import BigIntegerField, Value
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.accounts.access import check
from portal.accounts.enums import Permission
from portal.accounts.models import Membership, User
from portal.audit.actions import record
from portal.bulk import insert_select
from portal.gate import WrongState
from portal.notices.jobs import wake
from tasks.extending.choice import Choice
from tasks.extending.telling import tell_extended, tell_undone
from tasks.models import Assignment, BulkExtension, ExtendedAssignment
from tasks.permissions import can_extend, can_undo
from tasks.querysets import AssignmentQuerySet, ExtendedAssignmentQuerySet
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


class NotAsSeen(ValidationError):
    """What would move is not what was shown: somebody accepted, extended or asked meanwhile. Nothing was moved."""

    def __init__(self) -> None:
        super().__init__(
            _("将要延期的任务与您看到的不同，可能刚有任务被验收、延期或申请延期。请核对下面的内容，再次确认。"),
            code="not_as_seen",
        )


@transaction.atomic
def extend(*, choice: Choice, reason: str, seen_sha256: str, token: UUID, by: User) -> BulkExtension:
    """Move what was seen, and nothing else; the same token twice is one decision.

    Raises NotAsSeen when something else would move by now, and ValidationError when nothing would, or without a reason.
    """
    check(by == choice.by and can_extend(by, choice.membership))
    move_deadlines_alone()
    if done := BulkExtension.objects.filter(token=token, by=by).first():
        return done
    if not reason.strip():
        raise ValidationError({"reason": ValidationError(_("请填写延期理由。"), code="reason")})
    if not choice.moves.exists():
        raise ValidationError(_("所选任务中没有可以延期的。"), code="nothing")
    _lock(choice.moves)
    assignments, institutions, sha256 = choice.digest()
    if sha256 != seen_sha256:
        raise NotAsSeen
    extension = BulkExtension.objects.create(
        authority=choice.authority,
        by=by,
        reason=reason.strip(),
        new_deadline=choice.term.until,
        days=choice.term.days,
        unit=choice.term.unit or "",
        filters=dict(choice.filters),
        assignments=assignments,
        institutions=institutions,
        sha256=sha256,
        token=token,
    )
    _write_down(extension, choice)
    if _run(MOVE, extension, extension.created_at, by) != assignments:
        raise NotAsSeen
    tell_extended(extension)
    record(action="extension.granted", by=by, target=extension, data=_facts(extension))
    wake()
    return extension


def _write_down(extension: BulkExtension, choice: Choice) -> None:
    of = Value(extension.pk, BigIntegerField())
    insert_select(
        ExtendedAssignment,
        ["extension", "assignment", "old_deadline", "old_is_official", "new_deadline"],
        choice.moves.values_list(of, "pk", "deadline", "deadline_is_official", "extended_to"),
        ignore_conflicts=False,
    )


@transaction.atomic
def undo(*, extension: BulkExtension, by: User, membership: Membership) -> BulkExtension:
    """Put back what nothing has been built on since; the rest stays as granted.

    Raises WrongState when it was undone already, is too old, or nothing of it can be put back any more.
    """
    check(can_undo(by, membership, extension))
    move_deadlines_alone()
    extension = BulkExtension.objects.select_for_update(no_key=True).get(pk=extension.pk)
    if extension.undone_at:
        raise WrongState(_("本次延期已经撤销。"), code="undone")
    if not extension.is_undoable:
        raise WrongState(_("本次延期已超过 24 小时，不能撤销。"), code="too_late")
    rows = to_put_back(extension, by, membership)
    _lock(Assignment.objects.filter(bulk_extensions__extension=extension))
    extension.undone_at, extension.undone_by = timezone.now(), by
    extension.put_back = rows.update(undone_at=extension.undone_at)
    if not extension.put_back:
        raise WrongState(_("其中的任务都已有新的进展，没有可以恢复的期限。"), code="nothing")
    extension.save(update_fields=["undone_at", "undone_by", "put_back"])
    if _run(PUT_BACK, extension, extension.undone_at, by) != extension.put_back:
        raise WrongState(_("其中的任务刚有新的进展，没有撤销。请重试。"), code="moved_on")
    tell_undone(extension)
    record(action="extension.undone", by=by, target=extension, data=_facts(extension) | {"kept": extension.kept})
    wake()
    return extension


def to_put_back(extension: BulkExtension, by: User, membership: Membership) -> ExtendedAssignmentQuerySet:
    """What an undoing would move back, among what the person may still decide on."""
    own = [m.institution_id for m in by.active_memberships if m.institution_id]
    rows = ExtendedAssignment.objects.supervised_by(by, Permission.GRANT_EXTENSIONS, acting=membership)
    return rows.filter(extension=extension).exclude(assignment__institution__in=own).undoable()


def _facts(extension: BulkExtension) -> dict[str, Any]:
    return {
        "authority": extension.authority_id,
        "assignments": extension.assignments,
        "institutions": extension.institutions,
        "reason": extension.reason,
        "new_deadline": extension.new_deadline,
        "days": extension.days,
        "unit": extension.unit,
        "sha256": extension.sha256,
    }


def _lock(assignments: AssignmentQuerySet) -> None:
    """In the order of their ids. What is read after it is what holds until the end of the transaction."""
    locked, parameters = (
        assignments.only("pk").order_by("pk").select_for_update(of=("self",), no_key=True).query.sql_with_params()
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({locked}) AS locked", parameters)  # noqa: S608 - a queryset's SQL


def _run(statement: str, extension: BulkExtension, at: datetime.datetime, by: User) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"extension": extension.pk, "at": at, "by": by.pk})
        return cursor.rowcount
