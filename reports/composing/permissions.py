"""Predicates on compositions; each reads as a sentence. Whether the row is visible was asked before."""

from __future__ import annotations

from portal.accounts.enums import Permission
from portal.accounts.models import Membership, User
from reports.models import Composition, ReportTemplate


def may_compose(membership: Membership | None) -> bool:
    return membership is not None and membership.is_supervising and membership.may(Permission.COMPOSE_REPORTS)


def can_change(user: User, arrangement: Composition | ReportTemplate) -> bool:
    """A lead supervisor of the authority whose it is."""
    return any(m.authority_id == arrangement.authority_id and may_compose(m) for m in user.active_memberships)


def needs_another_approver(composition: Composition) -> bool:
    """Four eyes, as for verdicts under the same plan."""
    return composition.plan.needs_second_review


def has_written(user: User, composition: Composition) -> bool:
    """Begun it, or changed it last."""
    return user.pk in (composition.created_by_id, composition.updated_by_id)


def can_approve(user: User, composition: Composition) -> bool:
    if needs_another_approver(composition) and has_written(user, composition):
        return False
    return can_change(user, composition)
