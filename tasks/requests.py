"""What an institution asks of its supervisor for an assignment, and what becomes of it.

Whatever touches both locks the assignment first, then the request. A request that is no longer of use, such as one
for work accepted meanwhile, stays pending until it is declined or withdrawn: nobody's question goes unanswered.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.accounts.access import check
from portal.accounts.enums import ROLE_PERMISSIONS, AuthorityKind
from portal.accounts.models import Authority, Membership, User
from portal.accounts.querysets import SUPERVISE
from portal.audit.actions import record
from portal.gate import WrongState, pass_gate
from portal.notices.actions import notify
from portal.notices.enums import NoticeKind
from tasks.actions import exempt
from tasks.enums import DECIDED_WITH, REQUEST_TRANSITIONS, TRANSITIONS, RequestKind
from tasks.models import Assignment, ChangeRequest, Evidence
from tasks.permissions import can_decide, can_request
from tasks.querysets import EvidenceQuerySet
from vault.keeping import begin_use

K = RequestKind


class AlreadyPending(ValidationError):
    """One of the kind waits for its decision; `pending` is it."""

    def __init__(self, pending: ChangeRequest) -> None:
        super().__init__(
            _("本任务已有待审批的%(kind)s申请，由%(name)s于 %(day)s 提出。请等待审批；需要修改时，先撤回该申请。")
            % {
                "kind": pending.get_kind_display(),
                "name": pending.requested_by.name,
                "day": timezone.localdate(pending.requested_at).isoformat(),
            },
            code="already_pending",
        )
        self.pending = pending


def is_possible(assignment: Assignment, kind: str) -> bool:
    """不适用 from where `exempt` leads on, a later deadline for everything that is not over."""
    if kind == K.NOT_APPLICABLE:
        return assignment.state in TRANSITIONS["exempt"].sources
    return not assignment.is_closed


def usable_files(assignment: Assignment) -> EvidenceQuerySet:
    """The institution's files that may go with a request: current, and through their checks."""
    return Evidence.objects.current().checked().filter(institution=assignment.institution_id)


def check_new_deadline(assignment: Assignment, day: datetime.date) -> None:
    """Beyond the plan's end is possible, as a plan's end is no deadline; pages point it out."""
    if day <= assignment.deadline:
        raise ValidationError(
            _("申请的期限应晚于现在的期限 %(deadline)s。") % {"deadline": assignment.deadline.isoformat()},
            code="not_later",
        )
    if day < timezone.localdate():
        raise ValidationError(_("申请的期限已经过去。请选择今天或以后的日期。"), code="past")


@transaction.atomic
def file_request(
    *,
    assignment: Assignment,
    kind: RequestKind,
    reason: str,
    by: User,
    new_deadline: datetime.date | None = None,
    evidence: Collection[UUID] = (),
) -> ChangeRequest:
    """Ask for an extension until `new_deadline`, or for 不适用; the files become visible to supervisors.

    The deadline may have passed: the request then says that it came late. Raises AlreadyPending, WrongState, and
    ValidationError by field.
    """
    check(can_request(by, assignment))
    begin_use(assignment.institution_id)
    assignment = _locked(assignment.pk)
    if not is_possible(assignment, kind):
        raise WrongState(
            _("当前状态为“%(state)s”，不能提出此申请。") % {"state": assignment.get_state_display()}, code="wrong_state"
        )
    pending = assignment.change_requests.pending().filter(kind=kind).select_related("requested_by").first()
    if pending:
        raise AlreadyPending(pending)
    _check_wording(assignment, kind, reason, new_deadline)
    files = _chosen(assignment, evidence)
    request = ChangeRequest.objects.create(
        assignment=assignment,
        kind=kind,
        reason=reason.strip(),
        old_deadline=assignment.deadline,
        new_deadline=new_deadline,
        requested_by=by,
    )
    request.evidence.set(files)
    Evidence.objects.filter(pk__in=[file.pk for file in files], frozen_at=None).update(frozen_at=request.requested_at)
    record(
        action="changerequest.filed",
        by=by,
        target=request,
        institution=assignment.institution,
        data={
            "assignment": assignment.pk,
            "kind": kind,
            "reason": request.reason,
            "old_deadline": request.old_deadline,
            "new_deadline": new_deadline,
            "evidence": sorted(file.pk.hex for file in files),
        },
    )
    _tell(request, deciders(request), NoticeKind.REQUEST_FILED, "filed")
    return request


def _locked(assignment: int) -> Assignment:
    rows = Assignment.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("task__plan", "institution").get(pk=assignment)


def _check_wording(assignment: Assignment, kind: str, reason: str, new_deadline: datetime.date | None) -> None:
    errors: dict[str, ValidationError] = {}
    if not reason.strip():
        errors["reason"] = ValidationError(_("请填写申请理由。"), code="reason")
    if kind == K.EXTENSION:
        try:
            if new_deadline is None:
                raise ValidationError(_("请选择申请延至的日期。"), code="no_deadline")
            check_new_deadline(assignment, new_deadline)
        except ValidationError as refused:
            errors["new_deadline"] = refused
    if errors:
        raise ValidationError(errors)


def _chosen(assignment: Assignment, wanted: Collection[UUID]) -> list[Evidence]:
    """Locked, so that none is withdrawn while it is filed."""
    rows = usable_files(assignment).filter(pk__in=wanted).order_by("pk")
    files = list(rows.select_for_update(of=("self",), no_key=True))
    if len(files) != len(set(wanted)):
        raise ValidationError(
            {"evidence": ValidationError(_("所选材料中有的已被撤回或替换。请重新勾选。"), code="not_usable")}
        )
    return files


@transaction.atomic
def withdraw_request(*, request: ChangeRequest, by: User) -> ChangeRequest:
    """The institution takes back what was not yet decided."""
    check(can_request(by, request.assignment))
    return pass_gate(row=request, name="withdraw", moves=REQUEST_TRANSITIONS, by=by, data={"kind": request.kind})


@transaction.atomic
def grant_request(
    *,
    request: ChangeRequest,
    authority: Authority,
    by: User,
    granted_deadline: datetime.date | None = None,
    decision: str = "",
) -> ChangeRequest:
    """Move the deadline to the day asked for, or to `granted_deadline` before it; or exempt the institution.

    A deadline granted to one institution is official. Raises WrongState when the request was decided or withdrawn
    meanwhile, or when the assignment has moved on so that the request no longer fits it.
    """
    check(can_decide(by, authority, request))
    assignment = _locked(request.assignment_id)
    request = ChangeRequest.objects.select_for_update(of=("self",), no_key=True).get(pk=request.pk)
    until = None
    if request.is_pending:
        _check_fits(request, assignment)
        until = _deadline_to_grant(request, granted_deadline) if request.is_extension else None
    granted = pass_gate(
        row=request,
        name="grant",
        moves=REQUEST_TRANSITIONS,
        by=by,
        decided_by=by,
        authority=authority,
        decision=decision.strip(),
        granted_deadline=until,
        data=_facts(request, authority, decision) | {"old_deadline": assignment.deadline, "deadline": until},
    )
    if until:
        assignment.deadline, assignment.deadline_is_official = until, True
        assignment.changed_at, assignment.changed_by = timezone.now(), by
        assignment.save(update_fields=["deadline", "deadline_is_official", "changed_at", "changed_by"])
    else:
        exempt(assignment=assignment, reason=granted.reason, by=by)
    _tell(granted, _people_of(assignment), NoticeKind.REQUEST_GRANTED, "granted")
    return granted


def _check_fits(request: ChangeRequest, assignment: Assignment) -> None:
    if not is_possible(assignment, request.kind):
        raise WrongState(
            _("任务的状态已是“%(state)s”，不能再同意此申请。请写明意见，不予同意。")
            % {"state": assignment.get_state_display()},
            code="moved_on",
        )
    if request.is_extension and assignment.deadline != request.old_deadline:
        raise WrongState(
            _("提出申请之后，任务的期限已由 %(old)s 调整为 %(new)s。请不予同意；机构仍需延期的，按新的期限重新申请。")
            % {"old": request.old_deadline.isoformat(), "new": assignment.deadline.isoformat()},
            code="rescheduled",
        )


def _deadline_to_grant(request: ChangeRequest, wanted: datetime.date | None) -> datetime.date | None:
    until = wanted or request.new_deadline
    if until and request.new_deadline and not request.old_deadline < until <= request.new_deadline:
        message = _("同意的期限应晚于原期限 %(old)s，且不晚于申请的 %(new)s。") % {
            "old": request.old_deadline.isoformat(),
            "new": request.new_deadline.isoformat(),
        }
        raise ValidationError({"granted_deadline": ValidationError(message, code="out_of_range")})
    return until


@transaction.atomic
def decline_request(*, request: ChangeRequest, authority: Authority, decision: str, by: User) -> ChangeRequest:
    """Everything stays as it is, and the institution reads why."""
    check(can_decide(by, authority, request))
    if not decision.strip():
        raise ValidationError({"decision": ValidationError(_("请写明不予同意的理由。"), code="decision")})
    declined = pass_gate(
        row=request,
        name="decline",
        moves=REQUEST_TRANSITIONS,
        by=by,
        decided_by=by,
        authority=authority,
        decision=decision.strip(),
        data=_facts(request, authority, decision),
    )
    _tell(declined, _people_of(declined.assignment), NoticeKind.REQUEST_DECLINED, "declined")
    return declined


def _facts(request: ChangeRequest, authority: Authority, decision: str) -> dict[str, object]:
    return {
        "assignment": request.assignment_id,
        "kind": request.kind,
        "authority": authority.name,
        "decision": decision.strip(),
    }


def deciders(request: ChangeRequest) -> Iterable[User]:
    """Who is told of a new request: those who may decide on it in the authorities nearest to the institution.

    Headquarters supervises everything, and would hear of every request of the industry: its people are told only
    where no other authority has anybody who may decide.
    """
    needed = DECIDED_WITH[RequestKind(request.kind)]
    members = Membership.objects.filter(
        is_active=True,
        role__in=[role for role, permissions in ROLE_PERMISSIONS.items() if needed in permissions],
        authority__group__institutiongroupobjectpermission__content_object=request.assignment.institution_id,
        authority__group__institutiongroupobjectpermission__permission__codename=SUPERVISE,
    )
    people = User.objects.filter(is_active=True).exclude(pk__in=_members(request.assignment).values("user"))
    nearest = people.filter(pk__in=members.exclude(authority__kind=AuthorityKind.HEADQUARTERS).values("user"))
    return list(nearest) or people.filter(pk__in=members.values("user"))


def _members(assignment: Assignment):
    return Membership.objects.filter(institution=assignment.institution_id, is_active=True)


def _people_of(assignment: Assignment) -> Iterable[User]:
    return User.objects.filter(is_active=True, pk__in=_members(assignment).values("user"))


def _tell(request: ChangeRequest, people: Iterable[User], kind: NoticeKind, event: str) -> None:
    task = request.assignment.task
    notify(
        recipients=people,
        kind=kind,
        key=f"request:{request.pk}:{event}",
        path=request.get_absolute_url(),
        institution=request.institution,
        data={"number": task.number, "title": task.title, "title_en": task.title_en},
    )
