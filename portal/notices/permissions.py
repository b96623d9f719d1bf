"""Predicates on notices; each reads as a sentence."""

from __future__ import annotations

from portal.accounts.enums import Permission
from portal.accounts.models import User


def can_operate(user: User) -> bool:
    """See how the outbox does, and have what it gave up tried again."""
    return any(membership.may(Permission.OPERATE) for membership in user.active_memberships)
