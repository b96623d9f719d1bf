"""People, the bodies they act for, and the scope of a supervising body.

Every body has a `Group`. A group's object permissions on institutions (django-guardian, direct foreign key)
say whose rows its members may see; the role of the membership says what they may do with them.
"""

from __future__ import annotations

import datetime
from functools import cached_property

from django.contrib.auth.models import AbstractBaseUser, Group, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase
from knox.models import AbstractAuthToken

from portal.accounts.credit_code import validate_credit_code
from portal.accounts.enums import (
    AUTHORITY_ROLES,
    HEADQUARTERS_ONLY,
    INSTITUTION_ROLES,
    ROLE_PERMISSIONS,
    AuthorityKind,
    InstitutionKind,
    Permission,
    Role,
)
from portal.accounts.querysets import (
    BELONG,
    SUPERVISE,
    AuthorityQuerySet,
    CalendarFeedQuerySet,
    InstitutionQuerySet,
    InvitationQuerySet,
    MembershipQuerySet,
    SavedViewQuerySet,
    UserManager,
)
from portal.localised import Localised
from portal.text_search import Bigrams, Names

INSTITUTION_NAMES = ("name", "short_name", "name_en", "credit_code")  # by which people look for one


class User(AbstractBaseUser, PermissionsMixin):
    """A person, known by e-mail address. Rights come from memberships, never from the user itself."""

    email = models.EmailField(_("电子邮箱"))
    name = models.CharField(_("姓名"), max_length=80)
    language = models.CharField(
        _("语言"), max_length=10, choices=[("zh-hans", "简体中文"), ("en", "English")], default="zh-hans"
    )
    is_active = models.BooleanField(default=True)
    is_demo = models.BooleanField(default=False, help_text="Demo account; production refuses to start with one.")
    date_joined = models.DateTimeField(default=timezone.now)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    objects = UserManager()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_unique_in_any_case")]

    def __str__(self) -> str:
        return self.name or self.email

    @cached_property
    def active_memberships(self) -> list[Membership]:
        """Read once a request: every predicate about this person looks here."""
        return list(
            self.memberships.filter(is_active=True)
            .select_related("institution", "authority")
            .order_by("institution__name", "authority__name")
        )

    def forget_memberships(self) -> None:
        """Read them anew when they are next asked for: one was added or ended."""
        self.__dict__.pop("active_memberships", None)

    def may_at_institution(self, permission: Permission, institution_id: int) -> bool:
        """Whether a role in that institution carries the permission."""
        return any(m.institution_id == institution_id and m.may(permission) for m in self.active_memberships)

    def belongs_to(self, institution_id: int) -> bool:
        return any(m.institution_id == institution_id for m in self.active_memberships)


class Region(models.Model):
    """A province-level region or one of the five cities with a regional office of their own."""

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(_("地区"), max_length=40)
    name_en = models.CharField(max_length=80)
    local_name = Localised("name")

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class Institution(models.Model):
    """A regulated firm or core institution."""

    name = models.CharField(_("机构名称"), max_length=200)
    name_en = models.CharField(max_length=200, blank=True)
    short_name = models.CharField(_("简称"), max_length=60, blank=True)
    kind = models.CharField(_("机构类别"), max_length=20, choices=InstitutionKind.choices)
    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="institutions")
    credit_code = models.CharField(_("统一社会信用代码"), max_length=18, unique=True, validators=[validate_credit_code])
    group = models.OneToOneField(Group, on_delete=models.PROTECT, related_name="institution")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)
    local_name = Localised("name")

    objects = InstitutionQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        permissions = [
            (BELONG, "Work on the institution's own affairs"),
            (SUPERVISE, "Supervise the institution"),
        ]
        indexes = [
            models.Index(fields=["kind", "region", "name"], name="institution_by_kind_region"),
            models.Index(fields=["name"]),
            GinIndex(Bigrams(Names(*INSTITUTION_NAMES)), name="institution_names"),
        ]
        constraints = [
            models.CheckConstraint(name="institution_kind_known", condition=Q(kind__in=InstitutionKind.values))
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("profile:institution", args=[self.pk])


class InstitutionUserObjectPermission(UserObjectPermissionBase):
    content_object = models.ForeignKey(Institution, on_delete=models.CASCADE)


class InstitutionGroupObjectPermission(GroupObjectPermissionBase):
    content_object = models.ForeignKey(Institution, on_delete=models.CASCADE)


class Authority(models.Model):
    """A supervising body. Its scope is every institution of its kinds in its regions."""

    name = models.CharField(_("监管单位"), max_length=200, unique=True)
    name_en = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=20, choices=AuthorityKind.choices)
    all_regions = models.BooleanField(default=False)
    regions = models.ManyToManyField(Region, blank=True, related_name="authorities")
    kinds = ArrayField(models.CharField(max_length=20, choices=InstitutionKind.choices), default=list)
    group = models.OneToOneField(Group, on_delete=models.PROTECT, related_name="authority")
    local_name = Localised("name")

    objects = AuthorityQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "authorities"

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """One person's role in one body. What changed until `changes_seen_at` they have marked as seen."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    institution = models.ForeignKey(
        Institution, null=True, blank=True, on_delete=models.CASCADE, related_name="memberships"
    )
    authority = models.ForeignKey(
        Authority, null=True, blank=True, on_delete=models.CASCADE, related_name="memberships"
    )
    role = models.CharField(_("角色"), max_length=20, choices=Role.choices)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)
    changes_seen_at = models.DateTimeField(null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        ordering = ["role", "user__name"]
        constraints = [
            models.CheckConstraint(
                name="membership_role_fits_one_body",
                condition=Q(institution__isnull=False, authority__isnull=True, role__in=INSTITUTION_ROLES)
                | Q(institution__isnull=True, authority__isnull=False, role__in=AUTHORITY_ROLES),
            ),
            models.UniqueConstraint(F("user"), F("institution"), name="membership_once_per_institution"),
            models.UniqueConstraint(F("user"), F("authority"), name="membership_once_per_authority"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.body} · {self.get_role_display()}"

    @property
    def body(self) -> Institution | Authority:
        return self.institution or self.authority

    @property
    def is_supervising(self) -> bool:
        return self.authority_id is not None

    def may(self, permission: Permission) -> bool:
        if permission in HEADQUARTERS_ONLY and not (
            self.authority and self.authority.kind == AuthorityKind.HEADQUARTERS
        ):
            return False
        return permission in ROLE_PERMISSIONS[Role(self.role)]


class Invitation(models.Model):
    """An address asked to join a body in a role. The token of its link is kept nowhere; its digest is."""

    email = models.EmailField(_("电子邮箱"))
    name = models.CharField(_("姓名"), max_length=80)
    institution = models.ForeignKey(
        Institution, null=True, blank=True, on_delete=models.CASCADE, related_name="invitations"
    )
    authority = models.ForeignKey(
        Authority, null=True, blank=True, on_delete=models.CASCADE, related_name="invitations"
    )
    role = models.CharField(_("角色"), max_length=20, choices=Role.choices)
    token_digest = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                name="invitation_role_fits_one_body",
                condition=Q(institution__isnull=False, authority__isnull=True, role__in=INSTITUTION_ROLES)
                | Q(institution__isnull=True, authority__isnull=False, role__in=AUTHORITY_ROLES),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} → {self.body}"

    @property
    def body(self) -> Institution | Authority:
        return self.institution or self.authority

    @property
    def is_expired(self) -> bool:
        return self.expires_at <= timezone.now()

    @property
    def token(self) -> str:
        """Computed under the secret key from what never changes, so that the mail can be written at any time."""
        seed = f"{self.email}:{self.created_at.astimezone(datetime.UTC).isoformat()}"
        return salted_hmac("portal.accounts.invitation", seed, algorithm="sha256").hexdigest()


class SavedView(models.Model):
    """A list's filters under a name of one's own. `page` is the list's URL name, `query` its query string.

    With `authority` it is shared with that body's members, and stays when `user`, who shared it, leaves.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="saved_views")
    authority = models.ForeignKey(
        Authority, null=True, blank=True, on_delete=models.PROTECT, related_name="shared_views"
    )
    page = models.CharField(max_length=60)
    name = models.CharField(_("视图名称"), max_length=40)
    query = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "page", "name"], condition=Q(authority=None), name="saved_view_name_once"
            ),
            models.UniqueConstraint(
                fields=["authority", "page", "name"],
                condition=Q(authority__isnull=False),
                name="shared_view_name_once",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_shared(self) -> bool:
        return self.authority_id is not None


class ApiToken(AbstractAuthToken):
    """A key with which a program reads the API in a person's name. Only its digest is kept (django-rest-knox)."""

    name = models.CharField(_("用途"), max_length=80)

    class Meta:
        ordering = ["-created"]


class CalendarFeed(models.Model):
    """A link under which a calendar program reads what a membership's calendar holds; only its digest is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="calendar_feeds")
    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="calendar_feeds")
    token_digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = CalendarFeedQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["membership"], condition=Q(revoked_at=None), name="calendar_feed_one_a_membership"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.membership_id} {self.created_at:%Y-%m-%d}"
