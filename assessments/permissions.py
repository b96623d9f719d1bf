"""Predicates on self-assessments and reviews; each reads as a sentence. Whether the row is visible was asked before."""

from __future__ import annotations

from collections.abc import Collection

from assessments.models import Rectification, ReviewDraft, SelfAssessment
from plan.permissions import can_manage_plan
from portal.accounts.enums import Permission
from portal.accounts.models import Authority, Institution, Membership, User


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


def can_export(user: User, self_assessment: SelfAssessment, acting: Membership | None) -> bool:
    """Take what was signed away as a report, for the body acted for."""
    needed = Permission.EXPORT_SUPERVISORY if acting and acting.is_supervising else Permission.EXPORT_STATUS
    if not acting or not acting.may(needed) or not self_assessment.signed_at:
        return False
    return SelfAssessment.objects.visible_to(user, acting).filter(pk=self_assessment.pk).exists()


def can_review_for(user: User, authority: Authority, institution_id: int) -> bool:
    """Accept or return, in the authority's name, what the institution signed. Nobody judges their own institution."""
    return _may_at_authority(user, Permission.REVIEW, authority, {institution_id})


def can_recall(user: User, proposal: ReviewDraft) -> bool:
    """Take back what one has proposed oneself."""
    return proposal.reviewer_id == user.pk and can_review_for(user, proposal.authority, proposal.institution.pk)


def can_decide_on(user: User, proposal: ReviewDraft) -> bool:
    """Confirm or decline what somebody else in the authority has proposed."""
    return proposal.reviewer_id != user.pk and _may_at_authority(
        user, Permission.CONFIRM_REVIEWS, proposal.authority, {proposal.institution.pk}
    )


def can_open_rectification_for(user: User, authority: Authority, institution_id: int) -> bool:
    """Want something put right, in the authority's name: who may judge an institution may also do this."""
    return can_review_for(user, authority, institution_id)


def can_answer(user: User, rectification: Rectification) -> bool:
    """Say, for the institution, what was put right."""
    return user.may_at_institution(Permission.FILL_IN, rectification.institution_id)


def can_verify(user: User, rectification: Rectification) -> bool:
    """Close, reopen, set another deadline: the part of the authority that opened it. Others in whose scope the
    institution is may read.
    """
    return can_review_for(user, rectification.authority, rectification.institution_id)


def can_take_cases(user: User, authority: Authority, institution_ids: Collection[int]) -> bool:
    """Deal oneself with what these institutions signed, and give it back."""
    return _may_at_authority(user, Permission.REVIEW, authority, institution_ids)


def can_assign_cases(user: User, authority: Authority, institution_ids: Collection[int]) -> bool:
    """Say which colleague deals with what these institutions signed."""
    return _may_at_authority(user, Permission.CONFIRM_REVIEWS, authority, institution_ids)


def _may_at_authority(
    user: User, permission: Permission, authority: Authority, institution_ids: Collection[int]
) -> bool:
    """In a role of that authority, for institutions of its scope, none of which is the user's own."""
    acting = next((m for m in user.active_memberships if m.authority_id == authority.pk), None)
    wanted = set(institution_ids)
    if not acting or not acting.may(permission) or any(user.belongs_to(pk) for pk in wanted):
        return False
    return Institution.objects.supervised_by(user, acting=acting).filter(pk__in=wanted).count() == len(wanted)
