"""What has to be put right: opened and verified by the supervisor, answered by the institution.

Every move writes a step. Who acts names the last step they saw: a move made over somebody else's is refused, so
that nobody closes an answer unread, or answers twice.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from assessments.enums import RECTIFICATION_TRANSITIONS, RectificationState, StepKind
from assessments.models import Rectification, RectificationStep, Review
from assessments.permissions import can_answer, can_open_rectification_for, can_verify
from plan.models import Requirement
from portal.accounts.access import check
from portal.accounts.enums import INSTITUTION_ROLES, ROLE_PERMISSIONS, Permission
from portal.accounts.models import Authority, Institution, User
from portal.audit.actions import record
from portal.gate import WrongState, pass_gate
from portal.notices.actions import notify
from portal.notices.enums import NoticeKind
from tasks.models import Assignment, Evidence

REVIEWING_ROLES = [role for role, permissions in ROLE_PERMISSIONS.items() if Permission.REVIEW in permissions]


class MovedOn(WrongState):
    """Somebody acted after the page was read; `meanwhile` are their steps. Nothing was changed."""

    def __init__(self, meanwhile: list[RectificationStep]) -> None:
        steps = _("；").join(_told(step) for step in meanwhile)
        super().__init__(
            _("您打开本页之后已有新的进展：%(steps)s。您的操作未执行，填写的内容已保留，请核对后再决定。")
            % {"steps": steps},
            code="moved_on",
        )
        self.meanwhile = meanwhile


def _told(step: RectificationStep) -> str:
    return _("%(name)s于 %(at)s“%(kind)s”") % {
        "name": step.by.name,
        "at": date_format(timezone.localtime(step.at), "Y-m-d H:i"),
        "kind": step.get_kind_display(),
    }


# --- The supervisor opens ---------------------------------------------------------------------------------


@transaction.atomic
def open_rectification(
    *,
    institution: Institution,
    authority: Authority,
    title: str,
    text: str,
    deadline: datetime.date,
    requirement: Requirement | None = None,
    review: Review | None = None,
    by: User,
) -> Rectification:
    """Ask an institution to put something right by a day, from a review of its work or on its own."""
    check(can_open_rectification_for(by, authority, institution.pk))
    _check_origin(review, institution)
    _check_title(title, institution, authority)
    text = _said(text, _("请写明需要整改什么、达到什么结果。"))
    _check_deadline(deadline)
    if requirement and not Assignment.objects.filter(institution=institution, task=requirement.task_id).exists():
        message = _("该机构没有这项要求所属的任务。请选择其他要求，或留空。")
        raise ValidationError({"requirement": ValidationError(message, code="requirement")})
    rectification = Rectification.objects.create(
        institution=institution,
        authority=authority,
        requirement=requirement,
        review=review,
        title=title.strip(),
        deadline=deadline,
        opened_by=by,
    )
    record(
        action="rectification.open",
        by=by,
        target=rectification,
        institution=institution,
        data={
            "authority": authority.name,
            "title": rectification.title,
            "text": text,
            "deadline": deadline,
            "requirement": requirement.reference if requirement else None,
            "review": review.pk if review else None,
        },
    )
    step = _take_step(rectification, StepKind.OPENED, text, rectification.opened_at, by)
    _tell_institution(step, NoticeKind.RECTIFICATION_OPENED)
    return rectification


def _check_title(title: str, institution: Institution, authority: Authority) -> None:
    """Said, and not asked for already, such as by a second tab: whoever comes second waits here for the first."""
    if not title.strip():
        raise ValidationError({"title": ValidationError(_("请填写整改事项。"), code="title")})
    Institution.objects.select_for_update(of=("self",), no_key=True).get(pk=institution.pk)
    same = Rectification.objects.unclosed().filter(institution=institution, authority=authority, title=title.strip())
    if same.exists():
        message = _("本单位已对该机构提出同名的整改事项，尚未办结。请在整改列表中查看，或换一个名称。")
        raise ValidationError({"title": ValidationError(message, code="open_already")})


def _check_origin(review: Review | None, institution: Institution) -> None:
    signed: Any = review and (review.submission or review.self_assessment)
    if signed and signed.institution != institution:
        raise ValueError("the review is of another institution")


# --- The institution answers ------------------------------------------------------------------------------


@transaction.atomic
def answer_rectification(
    *, rectification: Rectification, text: str, evidence: Collection[UUID], seen: int, by: User
) -> Rectification:
    """Say what was put right, with files of the institution. The supervisors see those files from then on.

    `seen` is the id of the last step that was read, here as in every later move; raises MovedOn when another
    followed.
    """
    check(can_answer(by, rectification))
    _check_nothing_new(rectification, seen)
    text = _said(text, _("请说明整改情况。"))
    files = _usable(rectification, evidence)
    answered = _move(rectification, "answer", by, text=text, evidence=[str(file.pk) for file in files])
    step = _take_step(answered, StepKind.ANSWERED, text, answered.answered_at, by)
    step.evidence.set(files)
    Evidence.objects.filter(pk__in=[file.pk for file in files], frozen_at=None).update(frozen_at=step.at)
    _tell(step, NoticeKind.RECTIFICATION_ANSWERED, _verifiers(answered))
    return answered


def _usable(rectification: Rectification, chosen: Collection[UUID]) -> list[Evidence]:
    """The chosen files, all of them current, checked, and the institution's own."""
    usable = Evidence.objects.current().checked().filter(institution=rectification.institution_id)
    files = list(usable.filter(pk__in=chosen))
    if len(files) != len(set(chosen)):
        message = _("所选材料中有的已被撤回或替换。请重新勾选。")
        raise ValidationError({"evidence": ValidationError(message, code="evidence")})
    return files


# --- The supervisor verifies ------------------------------------------------------------------------------


@transaction.atomic
def close_rectification(*, rectification: Rectification, text: str = "", seen: int, by: User) -> Rectification:
    """It is put right, or no longer needed; the latter says why, since nobody has answered."""
    check(can_verify(by, rectification))
    locked = _check_nothing_new(rectification, seen)
    text = text.strip()
    if locked.state == RectificationState.OPEN:
        text = _said(text, _("机构尚未提交整改结果。请填写办结的理由。"))
    closed = _move(locked, "close", by, text=text)
    step = _take_step(closed, StepKind.CLOSED, text, closed.closed_at, by)
    _tell_institution(step, NoticeKind.RECTIFICATION_CLOSED)
    return closed


@transaction.atomic
def reopen_rectification(
    *, rectification: Rectification, text: str, deadline: datetime.date, seen: int, by: User
) -> Rectification:
    """What was answered, or closed, is not enough: says why, and by when."""
    check(can_verify(by, rectification))
    _check_nothing_new(rectification, seen)
    text = _said(text, _("请写明还需要整改什么。"))
    _check_deadline(deadline)
    fields = {"deadline": deadline, "closed_at": None}
    reopened = _move(rectification, "reopen", by, fields, text=text, deadline=deadline)
    step = _take_step(reopened, StepKind.REOPENED, text, reopened.reopened_at, by)
    _tell_institution(step, NoticeKind.RECTIFICATION_REOPENED)
    return reopened


@transaction.atomic
def reschedule_rectification(
    *, rectification: Rectification, text: str, deadline: datetime.date, seen: int, by: User
) -> Rectification:
    """Another deadline for what is open; the old one stays in the course. No state changes, so no gate is passed."""
    check(can_verify(by, rectification))
    locked = _check_nothing_new(rectification, seen)
    if locked.state != RectificationState.OPEN:
        state = {"state": locked.get_state_display()}
        raise WrongState(_("当前状态为“%(state)s”，不能调整期限。") % state, code="wrong_state")
    text = _said(text, _("请填写调整期限的理由。"))
    _check_deadline(deadline)
    before = locked.deadline
    if deadline == before:
        raise _of_deadline(_("新期限与现行期限相同。"), "same_deadline")
    locked.deadline = deadline
    locked.save(update_fields=["deadline"])
    record(
        action="rectification.reschedule",
        by=by,
        target=locked,
        institution=locked.institution,
        data={"from": before, "to": deadline, "text": text},
    )
    step = _take_step(locked, StepKind.RESCHEDULED, text, timezone.now(), by)
    _tell_institution(step, NoticeKind.RECTIFICATION_DUE, old_deadline=before.isoformat())
    return locked


# --- What all moves share ---------------------------------------------------------------------------------


def _check_nothing_new(rectification: Rectification, seen: int) -> Rectification:
    """Lock the row, so that no step comes in between, and see whether `seen` still is the last one."""
    locked = Rectification.objects.select_for_update(of=("self",), no_key=True).get(pk=rectification.pk)
    meanwhile = list(locked.steps.filter(pk__gt=seen).select_related("by").order_by("pk"))
    if meanwhile:
        raise MovedOn(meanwhile)
    return locked


def _move(rectification: Rectification, name: str, by: User, fields: dict | None = None, **data) -> Rectification:
    return pass_gate(row=rectification, name=name, moves=RECTIFICATION_TRANSITIONS, by=by, data=data, **(fields or {}))


def _take_step(rectification: Rectification, kind: StepKind, text: str, at: Any, by: User) -> RectificationStep:
    return RectificationStep.objects.create(
        rectification=rectification, kind=kind, text=text, deadline=rectification.deadline, by=by, at=at
    )


def _said(text: str, otherwise: str) -> str:
    if not text.strip():
        raise ValidationError({"text": ValidationError(otherwise, code="text")})
    return text.strip()


def _check_deadline(deadline: datetime.date) -> None:
    today = timezone.localdate()
    if deadline <= today:
        raise _of_deadline(_("期限须晚于今天（%(today)s）。") % {"today": date_format(today)}, "past")


def _of_deadline(message: str, code: str) -> ValidationError:
    return ValidationError({"deadline": ValidationError(message, code=code)})


def _verifiers(rectification: Rectification) -> list[User]:
    """The person who opened it; once they have gone, everybody who may verify in that authority."""
    people = User.objects.filter(
        is_active=True,
        memberships__authority=rectification.authority_id,
        memberships__is_active=True,
        memberships__role__in=REVIEWING_ROLES,
    )
    return list(people.filter(pk=rectification.opened_by_id)) or list(people)


def _tell_institution(step: RectificationStep, kind: NoticeKind, **facts: str) -> None:
    people = User.objects.filter(
        is_active=True,
        memberships__institution=step.rectification.institution_id,
        memberships__is_active=True,
        memberships__role__in=INSTITUTION_ROLES,
    )
    _tell(step, kind, people, **facts)


def _tell(step: RectificationStep, kind: NoticeKind, people: Iterable[User], **facts: str) -> None:
    rectification = step.rectification
    notify(
        recipients=people,
        kind=kind,
        key=f"rectification:{rectification.pk}:{step.pk}",
        path=rectification.get_absolute_url(),
        institution=rectification.institution,
        data={"title": rectification.title, "deadline": step.deadline.isoformat(), **facts},
    )
