"""The decision, and its undoing, as a person confirms them: written down, and left to a worker."""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from portal.accounts.access import check
from portal.accounts.models import Membership, User
from portal.audit.actions import record
from portal.enqueue import enqueue
from portal.gate import WrongState, pass_gate
from tasks.enums import UNDOING_TRANSITIONS, ExtensionStep
from tasks.extending.choice import Choice
from tasks.extending.facts import facts_of, to_put_back
from tasks.jobs import carry_out_extension
from tasks.models import BulkExtension
from tasks.permissions import can_extend, can_undo


class NotAsSeen(ValidationError):
    """What would move is not what was shown: somebody accepted, extended or asked meanwhile. Nothing is asked for."""

    def __init__(self) -> None:
        super().__init__(
            _("将要延期的任务与您看到的不同，可能刚有任务被验收、延期或申请延期。请核对下面的内容，再次确认。"),
            code="not_as_seen",
        )


@transaction.atomic
def ask(*, choice: Choice, reason: str, seen_sha256: str, token: UUID, by: User) -> BulkExtension:
    """Have what was seen moved, and nothing else; the same token twice is one decision.

    Raises NotAsSeen when something else would move by now, and ValidationError when nothing would, or without a reason.
    """
    check(by == choice.by and can_extend(by, choice.membership))
    Membership.objects.select_for_update(of=("self",)).get(pk=choice.membership.pk)
    if asked := BulkExtension.objects.filter(token=token, by=by).first():
        return asked
    if not reason.strip():
        raise ValidationError({"reason": ValidationError(_("请填写延期理由。"), code="reason")})
    assignments, institutions, sha256 = choice.digest()
    if not assignments:
        raise ValidationError(_("所选任务中没有可以延期的。"), code="nothing")
    if sha256 != seen_sha256:
        raise NotAsSeen
    extension = BulkExtension.objects.create(
        authority=choice.authority,
        by=by,
        reason=reason.strip(),
        new_deadline=choice.term.until,
        days=choice.term.days,
        unit=choice.term.unit or "",
        filters=choice.filters,
        assignments=assignments,
        institutions=institutions,
        sha256=sha256,
        token=token,
    )
    record(action="bulkextension.asked", by=by, target=extension, data=facts_of(extension))
    enqueue(carry_out_extension, extension.pk)
    return extension


@transaction.atomic
def ask_undo(*, extension: BulkExtension, by: User, membership: Membership) -> BulkExtension:
    """Have put back what nothing has been built on since; the rest stays as granted.

    Raises WrongState when it is being undone or was, is too old, or nothing of it can be put back any more.
    """
    check(can_undo(by, membership, extension))
    undone = pass_gate(
        row=extension,
        name="ask_undo",
        moves=UNDOING_TRANSITIONS,
        by=by,
        undone_by=by,
        step=ExtensionStep.QUEUED,
        attempts=0,
        error="",
        refusal="",
        refused_at=None,
    )
    if not extension.is_undoable:
        raise WrongState(_("本次延期已超过 24 小时，不能撤销。"), code="too_late")
    if not to_put_back(extension, by, membership).exists():
        raise WrongState(_("其中的任务都已有新的进展，没有可以恢复的期限。"), code="nothing")
    enqueue(carry_out_extension, extension.pk)
    return undone
