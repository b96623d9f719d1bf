"""Predicates on stored files; each reads as a sentence."""

from __future__ import annotations

from portal.accounts.enums import Permission
from portal.accounts.models import Institution, User
from vault.models import StoredFile


def can_manage_retention(user: User, institution_id: int) -> bool:
    """Delete what is no longer kept, place and release legal holds: a lead supervisor, in scope, never at home."""
    if user.belongs_to(institution_id):
        return False
    return Institution.objects.supervised_by(user, Permission.MANAGE_RETENTION).filter(pk=institution_id).exists()


def can_describe(user: User, stored: StoredFile) -> bool:
    """Set the tags and the last day of validity of a file that the institution has."""
    return stored.is_live and user.may_at_institution(Permission.FILL_IN, stored.institution_id)
