"""What the frame of every page shows. Counts are read when they are printed: without a frame nothing is read."""

from collections.abc import Callable
from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from plan.models import Plan
from portal.accounts.enums import Permission
from portal.broker import broker_alive
from portal.notices.models import Notice
from portal.shell.navigation import entries
from reports.permissions import may_see_own_profile

UNREAD_SHOWN = 99


def shell(request: HttpRequest) -> dict[str, Any]:
    # A request refused by an early middleware has neither.
    user: Any = getattr(request, "user", AnonymousUser())
    membership = getattr(request, "membership", None)
    return {
        "membership": membership,
        "memberships": user.active_memberships if user.is_authenticated else [],
        "navigation": entries(membership, request.path) if membership else [],
        "may_manage_people": bool(membership and membership.may(Permission.MANAGE_PEOPLE)),
        "may_see_own_profile": may_see_own_profile(membership),
        "may_operate": bool(membership and membership.may(Permission.OPERATE)),
        "unread_count": _unread(user),
        "broker_alive": broker_alive,
        "demo_plan": cache(lambda: Plan.objects.visible_to(user).exclude(shift_years=0).first()),
        "languages": settings.LANGUAGES,
    }


def _unread(user: Any) -> Callable[[], int]:
    """Counted no further than is shown, so that a full inbox costs no more than a short one."""
    return cache(lambda: Notice.objects.visible_to(user).unread()[: UNREAD_SHOWN + 1].count())
