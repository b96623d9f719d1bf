"""The only door to rows: `visible_to(user)`.

A row is visible when the group of one of the user's bodies holds an object permission on its institution: one
EXISTS over django-guardian's direct-foreign-key table, never a list of ids, so that a page of twenty costs
the same at 500 institutions and at 25,000.
"""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any, Self

from django.apps import apps
from django.contrib.auth.base_user import BaseUserManager
from django.db import models
from django.db.models import Exists, Func, OuterRef, Q
from django.utils import timezone

BELONG = "belong_institution"
SUPERVISE = "supervise_institution"

IS_PERMISSION = "held.permission_id = (SELECT id FROM auth_permission WHERE codename = %s LIMIT 1)"
HELD = """
    EXISTS (
        SELECT FROM accounts_institutiongroupobjectpermission held
        WHERE held.content_object_id = {institution} AND ({permissions}) AND held.group_id IN ({groups})
    )
"""


class Held(Func):
    """Whether one of the groups holds one of the permissions on the institution.

    A permission is looked up by its codename in the same statement: PostgreSQL knows how many grants a permission and
    a group have, but not how many a codename or a user has: with a join on those it expects few rows, and sorts a
    large scope rather than walk an index to the page's end. It is text because a page asks it dozens of times: built
    anew for each query, the same as expressions took longer than to run.
    """

    arity = 1
    output_field = models.BooleanField()

    def as_sql(self, compiler, connection, **context):
        institution, parameters = compiler.compile(self.source_expressions[0])
        codenames, groups = self.extra["codenames"], self.extra["groups"]
        sql = HELD.format(
            institution=institution,
            permissions=" OR ".join([IS_PERMISSION] * len(codenames)),
            groups=", ".join(["%s"] * len(groups)) or "NULL",
        )
        return sql, (*parameters, *codenames, *groups)


def has_permission_on(institution: str, user, *codenames: str, acting=None, permission=None) -> Held:
    """Whether the group of one of the user's bodies holds a permission on the institution at that field path.

    `acting`, a membership, narrows it to the body acted for; `permission` to authorities where the user's role
    carries it.
    """
    is_own = acting and acting.is_active and acting.user_id == user.pk
    memberships = [acting] if is_own else user.active_memberships
    if permission:
        memberships = [m for m in memberships if m.is_supervising and m.may(permission)]
    return Held(institution, codenames=codenames, groups=[m.body.group_id for m in memberships])


def in_scope(authority, prefix: str = "") -> Q:
    """The rule behind the object permissions, regions × kinds, for institutions at a field path."""
    kinds = Q(**{f"{prefix}kind__in": authority.kinds})
    return kinds if authority.all_regions else kinds & Q(**{f"{prefix}region__in": authority.regions.all()})


def named_like(text: str) -> Q:
    """Institutions whose names hold the text, or whose credit code begins with it.

    Where it has no letters of two cases, as Chinese has none, names are compared as they are: in a third of the time.
    """
    contains, startswith = ("contains", "startswith") if text.upper() == text.lower() else ("icontains", "istartswith")
    names = [Q(**{f"{name}__{contains}": text}) for name in ("name", "short_name", "name_en")]
    return reduce(or_, names, Q(**{f"credit_code__{startswith}": text}))


class InstitutionRowQuerySet(models.QuerySet):
    """Rows that an institution's people and its supervisors both see; `institution_path` leads to the institution."""

    institution_path = "institution"

    def visible_to(self, user, acting=None) -> Self:
        """What the user may see, in all bodies or in the one of the membership `acting`.

        A body's group holds one of the two permissions; asked for just that, an index answers.
        """
        if not user.is_authenticated:
            return self.none()
        codenames = [BELONG, SUPERVISE]
        if acting:
            codenames = [SUPERVISE if acting.is_supervising else BELONG]
        return self.filter(has_permission_on(self.institution_path, user, *codenames, acting=acting))

    def own(self, user) -> Self:
        """Rows of the user's own institutions."""
        return self.filter(has_permission_on(self.institution_path, user, BELONG))

    def supervised_by(self, user, permission=None, acting=None) -> Self:
        """Rows of institutions that the user supervises, in a role that carries `permission`."""
        return self.filter(
            has_permission_on(self.institution_path, user, SUPERVISE, permission=permission, acting=acting)
        )


class UserManager(BaseUserManager[Any]):
    def create_user(self, email: str, password: str | None = None, **fields):
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None):
        return self.get(email__iexact=username)


class InstitutionQuerySet(InstitutionRowQuerySet):
    institution_path = "pk"

    def in_scope_of(self, authority) -> Self:
        return self.filter(in_scope(authority))


class AuthorityQuerySet(models.QuerySet):
    def visible_to(self, user) -> Self:
        """An authority is seen by its own members."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(memberships__user=user, memberships__is_active=True)

    def supervising(self, institution) -> Self:
        """Those in whose scope it is, the nearest first: no secret to whoever sees the institution."""
        permission = apps.get_model("auth", "Permission").objects.filter(codename=SUPERVISE).order_by().values("pk")[:1]
        grants = apps.get_model("accounts", "InstitutionGroupObjectPermission").objects.filter(
            permission=permission, content_object=institution
        )
        return self.filter(group__in=grants.values("group")).order_by("all_regions", "name")

    def within(self, authority) -> Self:
        """Those whose scope lies in that of the authority, itself among them."""
        rows = self.filter(kinds__contained_by=authority.kinds)
        if authority.all_regions:
            return rows
        regions = apps.get_model("accounts", "Region").objects.filter(authorities=OuterRef("pk"))
        return rows.filter(~Exists(regions.exclude(pk__in=authority.regions.values("pk"))), all_regions=False)


class MembershipQuerySet(models.QuerySet):
    def visible_to(self, user) -> Self:
        """People of one's own bodies, and of the institutions one supervises."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(
            has_permission_on("institution", user, BELONG, SUPERVISE)
            | Q(authority__in=apps.get_model("accounts", "Authority").objects.visible_to(user))
        )


class InvitationQuerySet(models.QuerySet):
    def open(self) -> Self:
        """Neither accepted, revoked nor expired. Whoever holds the token may see it, signed in or not."""
        return self.unanswered().filter(expires_at__gt=timezone.now())

    def unanswered(self) -> Self:
        """Neither accepted nor revoked; the link may have expired."""
        return self.filter(accepted_at=None, revoked_at=None)


class SavedViewQuerySet(models.QuerySet):
    def visible_to(self, user, acting=None) -> Self:
        """A saved view is its owner's alone, or shared with the members of an authority."""
        if not user.is_authenticated:
            return self.none()
        memberships = [acting] if acting else user.active_memberships
        authorities = [m.authority_id for m in memberships if m.authority_id]
        return self.filter(Q(user=user, authority=None) | Q(authority__in=authorities))


class CalendarFeedQuerySet(models.QuerySet):
    def visible_to(self, user) -> Self:
        """A feed is its owner's alone."""
        return self.filter(user=user) if user.is_authenticated else self.none()

    def unrevoked(self) -> Self:
        return self.filter(revoked_at=None)

    def readable(self) -> Self:
        """Whoever holds the link may read it: until it is revoked, the person leaves or the institution closes."""
        is_closed = Q(membership__institution__isnull=False, membership__institution__is_active=False)
        return self.unrevoked().filter(~is_closed, membership__is_active=True, user__is_active=True)
