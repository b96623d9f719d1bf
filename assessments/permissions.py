"""Predicates on self-assessments; each reads as a sentence. Whether the row is visible was asked before."""

from __future__ import annotations

from assessments.models import SelfAssessment
from portal.accounts.enums import Permission
from portal.accounts.models import User
from portal.accounts.permissions import can_review_institution


def can_fill_in(user: User, self_assessment: SelfAssessment) -> bool:
    """Answer, link evidence, hand in for signature."""
    return user.may_at_institution(Permission.FILL_IN, self_assessment.institution_id)


def can_sign(user: User, self_assessment: SelfAssessment) -> bool:
    """Sign off, or send back to the contributor: the CIO's alone."""
    return user.may_at_institution(Permission.SIGN, self_assessment.institution_id)


def can_review(user: User, self_assessment: SelfAssessment) -> bool:
    """Accept or return what was signed."""
    return can_review_institution(user, self_assessment.institution_id)
