"""Predicates on self-assessments and reviews; each reads as a sentence. Whether the row is visible was asked before."""

from __future__ import annotations

from assessments.models import SelfAssessment
from plan.permissions import can_manage_plan
from portal.accounts.enums import Permission
from portal.accounts.models import Authority, Institution, User


def can_open_cycle(user: User) -> bool:
    """Open a round for every institution that has tasks in a plan."""
    return can_manage_plan(user)


def can_fill_in(user: User, self_assessment: SelfAssessment) -> bool:
    """Answer, link evidence, hand in for signature."""
    return user.may_at_institution(Permission.FILL_IN, self_assessment.institution_id)


def can_delegate(user: User, self_assessment: SelfAssessment) -> bool:
    """Say who in the institution writes the answers to which task: the liaison's."""
    return user.may_at_institution(Permission.MANAGE_PEOPLE, self_assessment.institution_id)


def can_sign(user: User, self_assessment: SelfAssessment) -> bool:
    """Sign off, or send back to the contributor: the CIO's alone."""
    return user.may_at_institution(Permission.SIGN, self_assessment.institution_id)


def can_review_for(user: User, authority: Authority, institution_id: int) -> bool:
    """Accept or return, in the authority's name, what the institution signed. Nobody judges their own institution."""
    acting = next((m for m in user.active_memberships if m.authority_id == authority.pk), None)
    if not acting or not acting.may(Permission.REVIEW) or user.belongs_to(institution_id):
        return False
    return Institution.objects.supervised_by(user, acting=acting).filter(pk=institution_id).exists()
