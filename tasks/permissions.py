"""Predicates on assignments; each reads as a sentence. Whether the row is visible was asked before."""

from __future__ import annotations

from portal.accounts.enums import Permission
from portal.accounts.models import Authority, Institution, Membership, User
from portal.accounts.permissions import can_review_institution
from tasks.enums import DECIDED_WITH, RequestKind
from tasks.models import Assignment, BulkExtension, ChangeRequest


def can_fill_in(user: User, assignment: Assignment) -> bool:
    """Write statements, upload evidence, hand in for signature."""
    return user.may_at_institution(Permission.FILL_IN, assignment.institution_id)


def can_sign(user: User, assignment: Assignment) -> bool:
    """Sign off, or send back to the contributor: the CIO's alone."""
    return user.may_at_institution(Permission.SIGN, assignment.institution_id)


def can_review(user: User, assignment: Assignment) -> bool:
    """Accept or return what was signed."""
    return can_review_institution(user, assignment.institution_id)


def can_see_drafts(user: User, assignment: Assignment) -> bool:
    """Unsigned statements and files are the institution's own."""
    return user.belongs_to(assignment.institution_id)


def can_export(user: User, assignment: Assignment, acting: Membership | None) -> bool:
    """Take what was signed away as a package, for the body acted for."""
    needed = Permission.EXPORT_SUPERVISORY if acting and acting.is_supervising else Permission.EXPORT_STATUS
    if not acting or not acting.may(needed):
        return False
    return Institution.objects.visible_to(user, acting=acting).filter(pk=assignment.institution_id).exists()


def can_request(user: User, assignment: Assignment) -> bool:
    """Ask for an extension or for 不适用, and take it back: those who fill in, and the CIO."""
    return can_fill_in(user, assignment) or can_sign(user, assignment)


def can_decide(user: User, authority: Authority, request: ChangeRequest) -> bool:
    """Grant or decline in the authority's name. Nobody decides for an institution to which they belong."""
    acting = next((m for m in user.active_memberships if m.authority_id == authority.pk), None)
    institution = request.assignment.institution_id
    if not acting or not acting.may(DECIDED_WITH[RequestKind(request.kind)]) or user.belongs_to(institution):
        return False
    return Institution.objects.supervised_by(user, acting=acting).filter(pk=institution).exists()


def can_urge(user: User, membership: Membership) -> bool:
    """Write to institutions in the name of the authority acted for."""
    return membership.user_id == user.pk and membership.is_active and membership.may(Permission.URGE)


def can_extend(user: User, membership: Membership) -> bool:
    """Move many deadlines in the name of the authority acted for."""
    return membership.user_id == user.pk and membership.is_active and membership.may(Permission.GRANT_EXTENSIONS)


def can_undo(user: User, membership: Membership, extension: BulkExtension) -> bool:
    """Put the deadlines back: whoever may extend in the same authority."""
    return can_extend(user, membership) and membership.authority_id == extension.authority_id
