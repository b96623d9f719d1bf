"""Every write on assignments. Uploads are in `evidence.py`; roll-out for a whole plan in `rollout.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from plan.enums import Binding
from plan.models import Requirement
from portal.accounts.access import check
from portal.accounts.enums import INSTITUTION_ROLES, Role
from portal.accounts.models import User
from portal.audit.actions import record
from portal.gate import WrongState, pass_gate
from portal.notices.actions import notify
from portal.notices.enums import NoticeKind
from tasks.content import content_to_sign, digests_to_sign
from tasks.enums import TRANSITIONS, AssignmentState
from tasks.models import Assignment, Statement, Submission
from tasks.permissions import can_fill_in, can_review, can_sign
from tasks.signing import ContentChanged, changed_since
from vault.enums import FileState


class Draft(NamedTuple):
    """A statement as typed, and the revision of the text it was typed over.

    `reply` answers the reason of the last return; None leaves it as it is.
    """

    text: str
    revision: int
    reply: str | None = None

    def differs_from(self, statement: Statement) -> bool:
        return self.text != statement.text or (self.reply is not None and self.reply != statement.reply)


class StaleStatements(ValidationError):
    """Someone else saved meanwhile. `current` holds their statements by requirement id; nothing was saved."""

    def __init__(self, current: dict[int, Statement]) -> None:
        super().__init__(_("您编辑期间，他人已保存了新的内容。请核对两个版本后再保存。"), code="stale")
        self.current = current


@transaction.atomic
def save_statements(*, assignment: Assignment, drafts: Mapping[int, Draft], by: User) -> Assignment:
    """Save statements by requirement id; the first one starts the assignment.

    Raises StaleStatements when a text was changed by someone else since the draft's revision, and WrongState
    when the assignment is no longer the institution's to edit.
    """
    assignment = open_for_editing(assignment, by)
    saved = {s.requirement_id: s for s in assignment.statements.all()}
    stale = {
        requirement: saved[requirement]
        for requirement, draft in drafts.items()
        if requirement in saved
        and draft.revision != saved[requirement].revision
        and draft.differs_from(saved[requirement])
    }
    if stale:
        raise StaleStatements(stale)
    changed = []
    for requirement in assignment.requirements.filter(pk__in=drafts):
        statement = saved.get(requirement.pk) or Statement(assignment=assignment, requirement=requirement)
        draft = drafts[requirement.pk]
        if not draft.differs_from(statement):
            continue
        statement.text = draft.text
        statement.reply = statement.reply if draft.reply is None else draft.reply
        statement.revision += 1
        statement.updated_by = by
        statement.updated_at = timezone.now()
        changed.append(statement)
    if changed:
        Statement.objects.bulk_create(
            changed,
            update_conflicts=True,
            unique_fields=["assignment", "requirement"],
            update_fields=["text", "reply", "revision", "updated_by", "updated_at"],
        )
        record(
            action="assignment.statements_saved",
            by=by,
            target=assignment,
            institution=assignment.institution,
            data={"requirements": [s.requirement.reference for s in changed]},
        )
    return assignment


def open_for_editing(assignment: Assignment, by: User) -> Assignment:
    """The assignment, locked and in progress: work on it starts it, or reopens it after a return."""
    check(can_fill_in(by, assignment))
    locked = Assignment.objects.select_for_update(of=("self",)).get(pk=assignment.pk)
    if not locked.is_editable:
        raise WrongState(
            _("当前状态为“%(state)s”，不能编辑。") % {"state": locked.get_state_display()}, code="wrong_state"
        )
    if locked.state == AssignmentState.IN_PROGRESS:
        return locked
    return _move(locked, "start", by)


def open_for_files(assignment: Assignment, by: User) -> Assignment:
    """The assignment, locked, for another file. Accepted work stays accepted, and what was signed stays as it was."""
    check(can_fill_in(by, assignment))
    locked = Assignment.objects.select_for_update(of=("self",)).get(pk=assignment.pk)
    return locked if locked.state == AssignmentState.ACCEPTED else open_for_editing(locked, by)


def missing(assignment: Assignment) -> list[Requirement]:
    """The mandatory requirements without a statement or a file that passed its checks, and what was returned and
    has no reply.
    """
    stated = assignment.statements.exclude(text="").values("requirement")
    proved = assignment.evidence.current().checked().values("requirement")
    replied = assignment.statements.exclude(reply="").values("requirement")
    lacks_proof = Q(binding=Binding.MANDATORY) & ~(Q(pk__in=stated) & Q(pk__in=proved))
    lacks_reply = Q(pk__in=returned_requirements(assignment)) & ~Q(pk__in=replied)
    return list(assignment.requirements.filter(lacks_proof | lacks_reply).select_related("task"))


def returned_requirements(assignment: Assignment) -> QuerySet:
    """The ids of the requirements for which the last verdict returned the work.

    What was withdrawn since has no verdict, so the reasons before it still want a reply.
    """
    judged = assignment.submissions.filter(review__isnull=False).order_by("-number")
    last = assignment.submissions.filter(pk=judged.values("pk")[:1], review__remarks__verdict="returned")
    return last.values("review__remarks__requirement")


@transaction.atomic
def hand_in(*, assignment: Assignment, by: User) -> Assignment:
    """Put the work before the CIO; refused while something is missing."""
    check(can_fill_in(by, assignment))
    assignment = _move(assignment, "hand_in", by, sent_back_reason="")
    lacking = missing(assignment)
    if lacking:
        raise ValidationError(
            _("下列要求尚缺说明、证明材料或对退回理由的答复：%(references)s。")
            % {"references": "、".join(requirement.reference for requirement in lacking)},
            code="incomplete",
        )
    _check_files(assignment)
    _tell_institution(assignment, NoticeKind.AWAITING_SIGNATURE, [Role.CIO], f"handed_in:{assignment.handed_in_at}")
    return assignment


def _check_files(assignment: Assignment) -> None:
    """Nothing is put before the CIO that the checks have not let pass."""
    files = assignment.evidence.current().exclude(stored__state=FileState.CLEAN)
    if files:
        raise ValidationError(
            _("下列文件尚未检查完毕或未通过检查，不能提交：%(names)s。请等待检查完成，或撤回这些文件。")
            % {"names": "、".join(file.original_name for file in files)},
            code="unchecked",
        )


@transaction.atomic
def send_back(*, assignment: Assignment, reason: str, by: User) -> Assignment:
    """The CIO gives the work back to the contributor, with a reason; no supervisor hears of it."""
    check(can_sign(by, assignment))
    if not reason.strip():
        raise ValidationError(_("请填写退回的理由。"), code="reason")
    assignment = _move(
        assignment,
        "send_back",
        by,
        sent_back_reason=reason,
        data={"reason": reason},
    )
    _tell_institution(
        assignment,
        NoticeKind.SENT_BACK,
        [Role.CONTRIBUTOR, Role.LIAISON],
        f"sent_back:{assignment.sent_back_at}",
    )
    return assignment


@transaction.atomic
def sign(
    *,
    assignment: Assignment,
    seen_sha256: str,
    by: User,
    shown: Mapping[str, str] | None = None,
    reauthenticated: str = "",
) -> Submission:
    """The CIO signs off: a new frozen submission reaches the supervisor.

    `seen_sha256` is the digest of what the signing page showed, `shown` that of each requirement by reference;
    raises ContentChanged when the content is another by now. `reauthenticated` is how the signer proved once more
    who they are; empty where no page asked.
    """
    check(can_sign(by, assignment))
    assignment = _move(assignment, "sign", by)
    _check_files(assignment)
    content = content_to_sign(assignment)
    digest = digests_to_sign(content)
    if digest.sha256 != seen_sha256:
        raise ContentChanged(changed_since(shown or {}, content["requirements"]))
    submission = Submission.objects.create(
        assignment=assignment,
        number=assignment.submissions.count() + 1,
        content=content,
        sha256=digest.sha256,
        sm3=digest.sm3,
        signed_by=by,
        signed_at=assignment.submitted_at,  # type: ignore[misc]  # the gate has set it
    )
    files = assignment.evidence.current()
    submission.evidence.set(files)
    files.filter(frozen_at=None).update(frozen_at=assignment.submitted_at)
    record(
        action="submission.signed",
        by=by,
        target=submission,
        institution=assignment.institution,
        data={
            "number": submission.number,
            "sha256": digest.sha256,
            "sm3": digest.sm3,
            "reauthenticated": reauthenticated,
        },
    )
    return submission


@transaction.atomic
def withdraw(*, assignment: Assignment, reason: str, by: User) -> Assignment:
    """The CIO takes back what no verdict was given on; the submission itself stays. Called by the withdrawal in
    `assessments`, which tells the reviewers.
    """
    check(can_sign(by, assignment))
    if not reason.strip():
        raise ValidationError(_("请填写撤回的理由。"), code="reason")
    return _move(assignment, "withdraw", by, data={"reason": reason})


@transaction.atomic
def accept(*, assignment: Assignment, by: User, data: dict[str, Any]) -> Assignment:
    """The supervisor found the work done. Called by the review, which holds the verdict."""
    check(can_review(by, assignment))
    assignment = _move(assignment, "accept", by, data=data)
    _tell_institution(assignment, NoticeKind.ACCEPTED, list(INSTITUTION_ROLES), f"accepted:{assignment.accepted_at}")
    return assignment


@transaction.atomic
def give_back(*, assignment: Assignment, by: User, data: dict[str, Any]) -> Assignment:
    """The supervisor returned the work with reasons, each of which wants a new reply. Called by the review, which
    holds them.
    """
    check(can_review(by, assignment))
    assignment = _move(assignment, "return", by, data=data)
    assignment.statements.exclude(reply="").update(reply="")
    _tell_institution(assignment, NoticeKind.RETURNED, list(INSTITUTION_ROLES), f"returned:{assignment.returned_at}")
    return assignment


@transaction.atomic
def exempt(*, assignment: Assignment, reason: str, by: User) -> Assignment:
    """The supervisor finds that the task does not apply to the institution; the reason stays with it."""
    check(can_review(by, assignment))
    if not reason.strip():
        raise ValidationError(_("请填写认定不适用的理由。"), code="reason")
    return _move(
        assignment,
        "exempt",
        by,
        exempted_reason=reason,
        data={"reason": reason},
    )


def _move(assignment: Assignment, name: str, by: User, **fields: Any) -> Assignment:
    """Through the gate, saying when and by whom for the facts that the database keeps of it."""
    now = timezone.now()
    return pass_gate(
        row=assignment, name=name, moves=TRANSITIONS, by=by, at=now, changed_at=now, changed_by=by, **fields
    )


def _tell_institution(assignment: Assignment, kind: NoticeKind, roles: list[Role], event: str) -> None:
    task = assignment.task
    people = User.objects.filter(
        is_active=True,
        memberships__institution=assignment.institution_id,
        memberships__is_active=True,
        memberships__role__in=roles,
    )
    notify(
        recipients=people,
        kind=kind,
        key=f"assignment:{assignment.pk}:{event}",
        path=assignment.get_absolute_url(),
        institution=assignment.institution,
        data={
            "number": task.number,
            "title": task.title,
            "title_en": task.title_en,
            "deadline": assignment.deadline.isoformat(),
        },
    )
