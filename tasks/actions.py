"""Every write on assignments. Uploads are in `evidence.py`; roll-out for a whole plan in `rollout.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from plan.enums import Binding
from plan.models import Requirement
from portal.accounts.access import check
from portal.accounts.enums import INSTITUTION_ROLES, Role
from portal.accounts.models import User
from portal.audit.actions import record
from portal.audit.canonical import Digests, as_plain, canonical_json, digests
from portal.gate import WrongState, pass_gate
from portal.notices.actions import notify
from portal.notices.enums import NoticeKind
from tasks.enums import TRANSITIONS, AssignmentState
from tasks.models import Assignment, Statement, Submission
from tasks.permissions import can_fill_in, can_review, can_sign
from vault.enums import FileState


class Draft(NamedTuple):
    """A statement as typed, and the revision of the text it was typed over."""

    text: str
    revision: int


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
        and draft.text != saved[requirement].text
    }
    if stale:
        raise StaleStatements(stale)
    changed = []
    for requirement in assignment.requirements.filter(pk__in=drafts):
        statement = saved.get(requirement.pk) or Statement(assignment=assignment, requirement=requirement)
        if statement.text == drafts[requirement.pk].text:
            continue
        statement.text = drafts[requirement.pk].text
        statement.revision += 1
        statement.updated_by = by
        statement.updated_at = timezone.now()
        changed.append(statement)
    if changed:
        Statement.objects.bulk_create(
            changed,
            update_conflicts=True,
            unique_fields=["assignment", "requirement"],
            update_fields=["text", "revision", "updated_by", "updated_at"],
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
    return pass_gate(row=locked, name="start", moves=TRANSITIONS, by=by)


def missing(assignment: Assignment) -> list[Requirement]:
    """The mandatory requirements that still lack a statement or a file that passed its checks."""
    stated = assignment.statements.exclude(text="").values("requirement")
    proved = assignment.evidence.current().checked().values("requirement")
    return list(
        assignment.requirements.filter(binding=Binding.MANDATORY)
        .exclude(Q(pk__in=stated) & Q(pk__in=proved))
        .select_related("task")
    )


@transaction.atomic
def hand_in(*, assignment: Assignment, by: User) -> Assignment:
    """Put the work before the CIO; refused while a mandatory requirement lacks a statement or a file."""
    check(can_fill_in(by, assignment))
    assignment = pass_gate(row=assignment, name="hand_in", moves=TRANSITIONS, by=by, sent_back_reason="")
    lacking = missing(assignment)
    if lacking:
        raise ValidationError(
            _("下列要求尚缺说明或证明材料：%(references)s。")
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
    assignment = pass_gate(
        row=assignment,
        name="send_back",
        moves=TRANSITIONS,
        by=by,
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


def content_to_sign(assignment: Assignment) -> dict[str, Any]:
    """What a signature would freeze, in the form that is digested: statements and evidence per requirement."""
    task, institution = assignment.task, assignment.institution
    statements = dict(assignment.statements.values_list("requirement", "text"))
    evidence: dict[int, list[dict[str, Any]]] = {}
    for file in assignment.evidence.current():
        facts = {
            "id": file.pk,
            "name": file.original_name,
            "size": file.size,
            "sha256": file.sha256,
            "sm3": file.sm3,
        }
        evidence.setdefault(file.requirement_id, []).append(facts)
    return as_plain(
        {
            "plan": task.plan.slug,
            "task": {"number": task.number, "title": task.title},
            "institution": {"name": institution.name, "credit_code": institution.credit_code},
            "part": assignment.part,
            "deadline": assignment.deadline,
            "requirements": [
                {
                    "reference": requirement.reference,
                    "text": requirement.text,
                    "statement": statements.get(requirement.pk, ""),
                    "evidence": evidence.get(requirement.pk, []),
                }
                for requirement in assignment.requirements.select_related("task")
            ],
        }
    )


def digests_to_sign(content: dict[str, Any]) -> Digests:
    return digests(canonical_json(content))


@transaction.atomic
def sign(*, assignment: Assignment, seen_sha256: str, by: User) -> Submission:
    """The CIO signs off: a new frozen submission reaches the supervisor.

    `seen_sha256` is the digest of what the signing page showed; refused when the content is another by now.
    """
    check(can_sign(by, assignment))
    assignment = pass_gate(row=assignment, name="sign", moves=TRANSITIONS, by=by)
    _check_files(assignment)
    content = content_to_sign(assignment)
    digest = digests_to_sign(content)
    if digest.sha256 != seen_sha256:
        raise ValidationError(_("您阅读之后内容已有变化，未签署。请重新核对后再签署。"), code="changed")
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
        data={"number": submission.number, "sha256": digest.sha256, "sm3": digest.sm3},
    )
    return submission


@transaction.atomic
def accept(*, assignment: Assignment, by: User, data: dict[str, Any]) -> Assignment:
    """The supervisor found the work done. Called by the review, which holds the verdict."""
    check(can_review(by, assignment))
    assignment = pass_gate(row=assignment, name="accept", moves=TRANSITIONS, by=by, data=data)
    _tell_institution(assignment, NoticeKind.ACCEPTED, list(INSTITUTION_ROLES), f"accepted:{assignment.accepted_at}")
    return assignment


@transaction.atomic
def give_back(*, assignment: Assignment, by: User, data: dict[str, Any]) -> Assignment:
    """The supervisor returned the work with reasons. Called by the review, which holds them."""
    check(can_review(by, assignment))
    assignment = pass_gate(row=assignment, name="return", moves=TRANSITIONS, by=by, data=data)
    _tell_institution(assignment, NoticeKind.RETURNED, list(INSTITUTION_ROLES), f"returned:{assignment.returned_at}")
    return assignment


@transaction.atomic
def exempt(*, assignment: Assignment, reason: str, by: User) -> Assignment:
    """The supervisor finds that the task does not apply to the institution; the reason stays with it."""
    check(can_review(by, assignment))
    if not reason.strip():
        raise ValidationError(_("请填写认定不适用的理由。"), code="reason")
    return pass_gate(
        row=assignment,
        name="exempt",
        moves=TRANSITIONS,
        by=by,
        exempted_reason=reason,
        data={"reason": reason},
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
