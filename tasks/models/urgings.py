"""催办: what a supervising body wrote to institutions, once it was sent."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.accounts.enums import INSTITUTION_ROLES, Role
from tasks.querysets import UrgedInstitutionQuerySet, UrgingQuerySet

SUBJECT_LENGTH, TEXT_LENGTH = 60, 500


class Urging(models.Model):
    """One message of an authority to institutions, as it was written: `text` with its placeholders.

    `filters` is the query by which they were chosen. `token` is the form's: sent twice, it is one message.
    `assignments`, `institutions` and `people` count whom it went to. The database refuses to change it.
    """

    authority = models.ForeignKey("accounts.Authority", on_delete=models.PROTECT, related_name="urgings")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    subject = models.CharField(_("标题"), max_length=SUBJECT_LENGTH)
    text = models.CharField(_("内容"), max_length=TEXT_LENGTH)
    roles = ArrayField(
        models.CharField(max_length=20, choices=[(role.value, role.label) for role in INSTITUTION_ROLES])
    )
    filters = models.JSONField(default=dict)
    assignments = models.PositiveIntegerField()
    institutions = models.PositiveIntegerField()
    people = models.PositiveIntegerField()
    token = models.UUIDField(default=uuid.uuid4, unique=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = UrgingQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["authority", "-id"], name="urging_of_authority")]

    def __str__(self) -> str:
        return self.subject

    def get_absolute_url(self) -> str:
        return reverse("tasks:urging", args=[self.pk])

    @property
    def role_names(self) -> list[str]:
        return [str(Role(role).label) for role in self.roles]


class UrgedInstitution(models.Model):
    """An institution that a message went to, with the facts that its people were told, `people` of them.

    `assignments` are the ids of what it was urged about, the nearest deadline first: none when it was no task.
    """

    urging = models.ForeignKey(Urging, on_delete=models.PROTECT, related_name="urged")
    institution = models.ForeignKey("accounts.Institution", on_delete=models.PROTECT, related_name="urged")
    assignments = ArrayField(models.BigIntegerField(), default=list)
    facts = models.JSONField(default=dict)
    people = models.PositiveSmallIntegerField()

    objects = UrgedInstitutionQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["urging", "institution"], name="urged_once_by_a_message")]

    def __str__(self) -> str:
        return f"{self.urging_id}/{self.institution_id}"

    @property
    def key(self) -> str:
        """The key of the notices."""
        return f"urging:{self.urging_id}:{self.institution_id}"

    @property
    def text(self) -> str:
        return self.facts.get("text", "")
