"""Predicates on people and bodies; each reads as a sentence."""

from __future__ import annotations

from portal.accounts.enums import Permission
from portal.accounts.models import Authority, Institution, SavedView, User


def can_manage_people(user: User, body: Institution | Authority) -> bool:
    """A liaison manages the institution's people, a lead supervisor the authority's."""
    return any(m.body == body and m.may(Permission.MANAGE_PEOPLE) for m in user.active_memberships)


def can_review_institution(user: User, institution_id: int) -> bool:
    """Give verdicts on what the institution signed. Nobody reviews an institution to which they belong."""
    if user.belongs_to(institution_id):
        return False
    return Institution.objects.supervised_by(user, Permission.REVIEW).filter(pk=institution_id).exists()


def can_share_views(user: User, authority: Authority) -> bool:
    """Whatever one's role in it."""
    return any(m.authority_id == authority.pk for m in user.active_memberships)


def can_change_view(user: User, view: SavedView) -> bool:
    """One's own; of the shared ones, those that one shared oneself, or all as a lead supervisor of the authority."""
    if not view.is_shared:
        return view.user_id == user.pk
    memberships = [m for m in user.active_memberships if m.authority_id == view.authority_id]
    return any(view.user_id == user.pk or m.may(Permission.MANAGE_VIEWS) for m in memberships)
