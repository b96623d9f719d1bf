"""The CIO takes back what was signed, as long as no verdict was given on it."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from assessments.actions.versions import open_next_version
from assessments.enums import TRANSITIONS
from assessments.models import CaseOfficer, ReviewDraft, SelfAssessment
from assessments.permissions import can_sign
from portal.accounts.access import check
from portal.accounts.models import User
from portal.gate import pass_gate
from portal.notices.actions import notify
from portal.notices.enums import NoticeKind
from tasks import actions as tasks
from tasks.models import Assignment


@transaction.atomic
def withdraw_self_assessment(*, self_assessment: SelfAssessment, reason: str, by: User) -> SelfAssessment:
    """Take the signed version back; returns the next one, open with the same answers. The signed one is kept."""
    check(can_sign(by, self_assessment))
    if not reason.strip():
        raise ValidationError(_("请填写撤回的理由。"), code="reason")
    withdrawn = pass_gate(
        row=self_assessment,
        name="withdraw",
        moves=TRANSITIONS,
        by=by,
        data={"version": self_assessment.version, "reason": reason},
    )
    cycle = withdrawn.cycle
    _tell_reviewers(
        drafts=ReviewDraft.objects.filter(self_assessment=withdrawn),
        cases=CaseOfficer.objects.filter(cycle=cycle, institution=withdrawn.institution_id),
        key=f"self_assessment:{withdrawn.pk}:withdrawn",
        path=withdrawn.get_absolute_url(),
        institution=withdrawn.institution,
        data={
            "subject": "self_assessment",
            "title": cycle.title,
            "title_en": cycle.title_en,
            "version": withdrawn.version,
            "deadline": cycle.due_on.isoformat(),
        },
    )
    return open_next_version(withdrawn)


@transaction.atomic
def withdraw_submission(*, assignment: Assignment, reason: str, by: User) -> Assignment:
    """Take the latest submission back and work on: it is kept as it was signed, without a verdict."""
    withdrawn = tasks.withdraw(assignment=assignment, reason=reason, by=by)
    task, submission = withdrawn.task, withdrawn.submissions.latest("number")
    _tell_reviewers(
        drafts=ReviewDraft.objects.filter(submission=submission),
        cases=CaseOfficer.objects.filter(assignment=withdrawn),
        key=f"submission:{submission.pk}:withdrawn",
        path=withdrawn.get_absolute_url(),
        institution=withdrawn.institution,
        data={
            "number": task.number,
            "title": task.title,
            "title_en": task.title_en,
            "deadline": withdrawn.deadline.isoformat(),
        },
    )
    return withdrawn


def _tell_reviewers(
    *,
    drafts: QuerySet[ReviewDraft],
    cases: QuerySet[CaseOfficer],
    key: str,
    path: str,
    institution,
    data: dict[str, Any],
) -> None:
    """Those who had begun to review it, or deal with the case, and still belong to the authority they did so for."""
    still_there = {"authority__memberships__is_active": True}
    begun = drafts.filter(authority__memberships__user=F("reviewer"), **still_there).values("reviewer")
    dealing = cases.filter(authority__memberships__user=F("officer"), **still_there).values("officer")
    people = User.objects.filter(Q(pk__in=begun) | Q(pk__in=dealing), is_active=True)
    notify(recipients=people, kind=NoticeKind.WITHDRAWN, key=key, path=path, institution=institution, data=data)
