"""Who may change a plan. Everybody who is signed in may read it."""

from portal.accounts.enums import Permission


def can_manage_plan(user) -> bool:
    return user.may_as_supervisor(Permission.MANAGE_PLAN)
