"""Every write on people, bodies and scopes."""

from __future__ import annotations

import datetime
import hashlib
import secrets
from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import Group
from django.contrib.auth.models import Permission as AuthPermission
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Value
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.accounts.access import check
from portal.accounts.enums import InstitutionKind, ListPage, Role
from portal.accounts.models import (
    BELONG,
    SUPERVISE,
    Authority,
    CalendarFeed,
    Institution,
    InstitutionGroupObjectPermission,
    Invitation,
    Membership,
    Region,
    SavedView,
    User,
)
from portal.accounts.permissions import can_change_view, can_manage_people, can_share_views
from portal.accounts.querysets import SavedViewQuerySet
from portal.audit.actions import record
from portal.bulk import insert_select
from portal.notices.actions import send_invitation

INVITATION_DAYS = 14
VIEWS_A_PAGE = 20


@transaction.atomic
def create_institution(*, by: User | None, **fields) -> Institution:
    """A new institution with its group, in the scope of every authority whose rule takes it in."""
    group = Group.objects.create(name=f"institution:{fields['credit_code']}")
    institution = Institution.objects.create(group=group, **fields)
    _grant(BELONG, institution, group)
    for authority in Authority.objects.filter(kinds__contains=[institution.kind]).select_related("group"):
        if Institution.objects.in_scope_of(authority).filter(pk=institution.pk).exists():
            _grant(SUPERVISE, institution, authority.group)
    record(action="institution.created", by=by, target=institution, institution=institution)
    return institution


@transaction.atomic
def create_authority(*, by: User | None, **fields) -> Authority:
    group = Group.objects.create(name=f"authority:{fields['name']}"[:150])
    authority = Authority.objects.create(group=group, **fields)
    record(action="authority.created", by=by, target=authority)
    return authority


@transaction.atomic
def set_scope(
    *,
    authority: Authority,
    kinds: Iterable[InstitutionKind],
    regions: Iterable[Region] = (),
    all_regions: bool = False,
    by: User | None,
) -> int:
    """Replace what the authority supervises; the object permissions follow in two statements. Returns how many."""
    authority.kinds = list(kinds)
    authority.all_regions = all_regions
    authority.save(update_fields=["kinds", "all_regions"])
    authority.regions.set(regions)
    granted = refresh_scope(authority=authority)
    data = {"kinds": authority.kinds, "all_regions": all_regions, "institutions": granted}
    record(action="authority.scope_set", by=by, target=authority, data=data)
    return granted


@transaction.atomic
def refresh_scope(*, authority: Authority) -> int:
    """Make the authority's object permissions equal to its rule."""
    permission = _permission(SUPERVISE)
    grants = InstitutionGroupObjectPermission.objects.filter(group=authority.group, permission=permission)
    in_scope = Institution.objects.in_scope_of(authority)
    grants.exclude(content_object__in=in_scope).delete()
    rows = in_scope.order_by().values_list("pk", Value(authority.group_id), Value(permission.pk))
    insert_select(InstitutionGroupObjectPermission, ["content_object", "group", "permission"], rows)
    return grants.count()


@transaction.atomic
def add_member(*, user: User, body: Institution | Authority, role: Role, by: User | None) -> Membership:
    """Give a person a role in a body; a person who left earlier comes back in the new role."""
    place: dict[str, Any] = {"institution" if isinstance(body, Institution) else "authority": body}
    membership, _created = Membership.objects.update_or_create(
        user=user, defaults={"role": role, "is_active": True}, **place
    )
    user.groups.add(body.group)
    user.forget_memberships()
    record(
        action="membership.added",
        by=by,
        target=membership,
        institution=membership.institution,
        data={"user": user.pk, "role": role},
    )
    return membership


@transaction.atomic
def remove_member(*, membership: Membership, by: User) -> None:
    """End a membership; the person keeps the account, and the record of what they did stays."""
    check(can_manage_people(by, membership.body))
    if membership.user_id == by.pk:
        raise ValidationError(_("不能移除本人。请由本机构的其他联络人办理。"))
    membership.is_active = False
    membership.save(update_fields=["is_active"])
    membership.user.groups.remove(membership.body.group)
    membership.user.forget_memberships()
    record(
        action="membership.removed",
        by=by,
        target=membership,
        institution=membership.institution,
        data={"user": membership.user_id, "role": membership.role},
    )


@transaction.atomic
def mark_changes_seen(*, membership: Membership, until: datetime.datetime, by: User) -> Membership:
    """What changed until then the person has seen. Never ahead of the clock, and never back: of two tabs the later."""
    check(membership.user_id == by.pk)
    membership = Membership.objects.select_for_update(of=("self",), no_key=True).get(pk=membership.pk)
    seen = min(until, timezone.now())
    if membership.changes_seen_at is None or seen > membership.changes_seen_at:
        membership.changes_seen_at = seen
        membership.save(update_fields=["changes_seen_at"])
    return membership


@transaction.atomic
def invite(*, email: str, name: str, body: Institution | Authority, role: Role, by: User) -> tuple[Invitation, str]:
    """Invite an address by mail; returns the invitation and the token of its link."""
    check(can_manage_people(by, body))
    field = "institution" if isinstance(body, Institution) else "authority"
    Invitation.objects.filter(email__iexact=email, **{field: body}, accepted_at=None, revoked_at=None).update(
        revoked_at=timezone.now()
    )
    invitation = Invitation(
        email=email.lower(),
        name=name,
        role=role,
        invited_by=by,
        expires_at=timezone.now() + datetime.timedelta(days=INVITATION_DAYS),
        **{field: body},
    )
    invitation.token_digest = token_digest(invitation.token)
    invitation.save()
    send_invitation(invitation=invitation)
    record(
        action="invitation.sent",
        by=by,
        target=invitation,
        institution=invitation.institution,
        data={"email": invitation.email, "role": role},
    )
    return invitation, invitation.token


def token_digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def accept_invitation(*, invitation: Invitation, password: str) -> User:
    """Turn an invitation into a membership; an address already known keeps its account and password."""
    invitation = Invitation.objects.select_for_update(of=("self",)).get(pk=invitation.pk)
    if invitation.accepted_at or invitation.revoked_at or invitation.expires_at < timezone.now():
        raise ValidationError(_("邀请已失效。请联系邀请人重新发送。"))
    user = User.objects.filter(email__iexact=invitation.email).first()
    if user is None:
        validate_password(password)
        user = User.objects.create_user(invitation.email, password, name=invitation.name)
    add_member(user=user, body=invitation.body, role=Role(invitation.role), by=invitation.invited_by)
    invitation.accepted_at = timezone.now()
    invitation.save(update_fields=["accepted_at"])
    return user


@transaction.atomic
def revoke_invitation(*, invitation: Invitation, by: User) -> None:
    check(can_manage_people(by, invitation.body))
    invitation.revoked_at = timezone.now()
    invitation.save(update_fields=["revoked_at"])
    record(action="invitation.revoked", by=by, target=invitation, institution=invitation.institution)


@transaction.atomic
def save_profile(*, user: User, name: str, language: str) -> None:
    """A person's own name and language."""
    user.name, user.language = name, language
    user.save(update_fields=["name", "language"])
    record(action="user.profile_saved", by=user, target=user, data={"language": language})


@transaction.atomic
def save_view(
    *,
    page: ListPage,
    name: str,
    query: str,
    overwrite: bool = False,
    authority: Authority | None = None,
    by: User,
) -> SavedView:
    """Keep a list's filters under a name, for oneself or shared with `authority`; with `overwrite`, in place of what
    had that name and is one's to change.

    Raises ValidationError with the code `taken` for a name in use, `others` where that is not one's to change, and
    `too_many` for more than VIEWS_A_PAGE.
    """
    check(authority is None or can_share_views(by, authority))
    name = _view_name(name)
    views = _views_beside(authority, page, by)
    former = views.filter(name=name).first()
    if former and not can_change_view(by, former):
        said = _("本单位已有名为“%(name)s”的共享视图，由%(owner)s共享。请换一个名称。")
        raise ValidationError(said % {"name": name, "owner": former.user.name}, code="others")
    if former and not overwrite:
        raise _taken(name)
    if not former and views.count() >= VIEWS_A_PAGE:
        raise ValidationError(
            _("每个列表最多保存 %(limit)s 个视图。请先删除不再使用的视图。") % {"limit": VIEWS_A_PAGE}, code="too_many"
        )
    view = former or SavedView(page=page, name=name, authority=authority, user=by)
    view.query = query
    view.save()
    _record_view("saved", view, by)
    return view


@transaction.atomic
def rename_view(*, view: SavedView, name: str, by: User) -> SavedView:
    """Raises ValidationError with the code `taken` for a name in use."""
    check(can_change_view(by, view))
    name = _view_name(name)
    if _views_beside(view.authority, ListPage(view.page), view.user).filter(name=name).exclude(pk=view.pk).exists():
        raise _taken(name)
    former, view.name = view.name, name
    view.save(update_fields=["name"])
    _record_view("renamed", view, by, former=former)
    return view


@transaction.atomic
def delete_view(*, view: SavedView, by: User) -> None:
    check(can_change_view(by, view))
    _record_view("deleted", view, by)
    view.delete()


def _view_name(name: str) -> str:
    name = name.strip()
    if not name:
        raise ValidationError(_("请填写视图名称。"), code="required")
    return name


def _views_beside(authority: Authority | None, page: ListPage, owner: User) -> SavedViewQuerySet:
    """Those among which a name stands once; nobody else adds to them meanwhile."""
    if authority:
        Authority.objects.select_for_update(no_key=True).get(pk=authority.pk)
        return SavedView.objects.filter(authority=authority, page=page)
    User.objects.select_for_update(no_key=True).get(pk=owner.pk)
    return SavedView.objects.filter(user=owner, authority=None, page=page)


def _taken(name: str) -> ValidationError:
    return ValidationError(_("已有名为“%(name)s”的视图。") % {"name": name}, code="taken")


def _record_view(what: str, view: SavedView, by: User, **more: str) -> None:
    facts = {"page": view.page, "name": view.name, "query": view.query, "authority": view.authority_id}
    record(action=f"saved_view.{what}", by=by, target=view, data=facts | more)


@transaction.atomic
def create_calendar_feed(*, membership: Membership, by: User) -> tuple[CalendarFeed, str]:
    """A new link to the membership's calendar, in place of the one before; returns the feed and the link's token."""
    check(membership.user_id == by.pk and membership.is_active)
    Membership.objects.select_for_update(no_key=True).get(pk=membership.pk)
    for former in membership.calendar_feeds.unrevoked():
        revoke_calendar_feed(feed=former, by=by)
    token = secrets.token_urlsafe(32)
    feed = CalendarFeed.objects.create(user=by, membership=membership, token_digest=token_digest(token))
    record(action="calendar_feed.created", by=by, target=feed, institution=membership.institution)
    return feed, token


@transaction.atomic
def revoke_calendar_feed(*, feed: CalendarFeed, by: User) -> None:
    check(feed.user_id == by.pk)
    feed = CalendarFeed.objects.select_for_update(of=("self",)).get(pk=feed.pk)
    if feed.revoked_at:
        return
    feed.revoked_at = timezone.now()
    feed.save(update_fields=["revoked_at"])
    record(action="calendar_feed.revoked", by=by, target=feed, institution=feed.membership.institution)


def _permission(codename: str) -> AuthPermission:
    return AuthPermission.objects.get(content_type__app_label="accounts", codename=codename)


def _grant(codename: str, institution: Institution, group: Group) -> None:
    InstitutionGroupObjectPermission.objects.get_or_create(
        content_object=institution, group=group, permission=_permission(codename)
    )
