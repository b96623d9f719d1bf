"""Second pair of eyes: where a plan asks for it, one person proposes a verdict and another confirms it."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from assessments.models import SelfAssessment
from plan.models import Plan
from portal.accounts.enums import ROLE_PERMISSIONS, Permission
from portal.accounts.models import Authority, User
from tasks.models import Submission

Signed = Submission | SelfAssessment

CONFIRMING_ROLES = [role for role, permissions in ROLE_PERMISSIONS.items() if Permission.CONFIRM_REVIEWS in permissions]


def needs_second_review(signed: Signed) -> bool:
    plan: Plan = signed.assignment.task.plan if isinstance(signed, Submission) else signed.cycle.plan
    return plan.needs_second_review


def confirmers(authority: Authority, institution_id: int, proposer: User) -> QuerySet[User]:
    """Who in the authority may confirm what `proposer` proposes about the institution."""
    leads = User.objects.filter(
        is_active=True,
        memberships__authority=authority,
        memberships__is_active=True,
        memberships__role__in=CONFIRMING_ROLES,
    )
    insiders = User.objects.filter(memberships__institution=institution_id, memberships__is_active=True)
    return leads.exclude(pk=proposer.pk).exclude(pk__in=insiders).order_by("name", "pk")


def facts_of(signed: Signed) -> dict[str, Any]:
    """What a notice about it says."""
    if isinstance(signed, Submission):
        task, deadline = signed.assignment.task, signed.assignment.deadline
        return {
            "number": task.number,
            "title": task.title,
            "title_en": task.title_en,
            "deadline": deadline.isoformat(),
        }
    return {
        "subject": "self_assessment",
        "title": signed.cycle.title,
        "title_en": signed.cycle.title_en,
        "version": signed.version,
        "deadline": signed.cycle.due_on.isoformat(),
    }
