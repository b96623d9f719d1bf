"""Who may change a plan. Everybody who is signed in may read it."""

from portal.accounts.enums import Permission
from portal.accounts.models import User


def can_manage_plan(user: User) -> bool:
    return any(membership.may(Permission.MANAGE_PLAN) for membership in user.active_memberships)
