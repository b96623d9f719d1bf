"""Files put forward as evidence, on their way in, and looked at."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.text_search import Bigrams, Names
from tasks.enums import AccessKind
from tasks.models.assignments import Assignment
from tasks.querysets import AccessQuerySet, EvidenceManager, EvidenceUploadQuerySet
from vault.models import StoredFile


class Evidence(models.Model):
    """One version of a file, put forward for a requirement. The bytes and what is known of them are `stored`'s.

    The versions of one document share `series`. Replacing adds a version, withdrawing hides one; neither touches
    what was signed before. `frozen_at` is set when the CIO signs something that holds the version, or when a request
    is filed with it; from then on supervisors see it. The database refuses to change what was put forward, and to
    delete a row (migration 0007).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    institution = models.ForeignKey("accounts.Institution", on_delete=models.PROTECT, related_name="evidence")
    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="evidence")
    requirement = models.ForeignKey("plan.Requirement", on_delete=models.PROTECT, related_name="+")
    stored = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="evidence")
    series = models.UUIDField(default=uuid.uuid4, editable=False)
    version = models.PositiveIntegerField(_("版本"), default=1)
    original_name = models.CharField(_("文件名"), max_length=255)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField(default=timezone.now)
    frozen_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    superseded_at = models.DateTimeField(null=True, blank=True)

    objects = EvidenceManager()

    class Meta:
        ordering = ["uploaded_at", "pk"]
        verbose_name_plural = "evidence"
        constraints = [
            models.UniqueConstraint(fields=["series", "version"], name="evidence_version_once"),
            models.CheckConstraint(name="evidence_ends_once", condition=Q(withdrawn_at=None) | Q(superseded_at=None)),
        ]
        indexes = [
            models.Index(fields=["assignment", "requirement"], name="evidence_of_requirement"),
            models.Index(fields=["institution", "-uploaded_at"], name="evidence_of_institution"),
            # For supervisors: an institution's own files are few.
            GinIndex(
                Bigrams(Names("original_name")), condition=Q(frozen_at__isnull=False), name="evidence_names_signed"
            ),
            models.Index(
                fields=["uploaded_at", "id"], condition=Q(frozen_at__isnull=False), name="evidence_signed_by_time"
            ),
            models.Index(
                fields=["uploaded_at", "id"],
                condition=Q(frozen_at__isnull=False, superseded_at__isnull=False),
                name="evidence_superseded_by_time",
            ),
            models.Index(
                fields=["uploaded_at", "id"],
                condition=Q(frozen_at__isnull=False, withdrawn_at__isnull=False),
                name="evidence_withdrawn_by_time",
            ),
        ]

    def __str__(self) -> str:
        return self.original_name

    def get_absolute_url(self) -> str:
        return reverse("tasks:evidence", args=[self.pk])

    @property
    def file_url(self) -> str:
        """Where the bytes are served."""
        return reverse("tasks:evidence_file", args=[self.pk])

    @property
    def download_url(self) -> str:
        """Where the bytes are served to be kept, whatever the browser could show."""
        return f"{self.file_url}?download"

    @property
    def is_current(self) -> bool:
        return not (self.withdrawn_at or self.superseded_at)

    @property
    def content_type(self) -> str:
        return self.stored.content_type

    @property
    def size(self) -> int:
        return self.stored.size

    @property
    def sha256(self) -> str:
        return self.stored.sha256

    @property
    def sm3(self) -> str:
        return self.stored.sm3

    @property
    def type_label(self) -> str:
        return self.stored.type_label


class EvidenceUpload(models.Model):
    """A file on its way in, piece by piece. What has arrived lies under its id in the incoming place.

    Deleted once it has become evidence, or was given up.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    institution = models.ForeignKey("accounts.Institution", on_delete=models.PROTECT, related_name="+")
    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="uploads")
    requirement = models.ForeignKey("plan.Requirement", on_delete=models.PROTECT, related_name="+")
    replaces = models.ForeignKey(Evidence, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=255)
    size = models.PositiveBigIntegerField(help_text="Bytes, as announced.")
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField(default=timezone.now)
    touched_at = models.DateTimeField(default=timezone.now)

    objects = EvidenceUploadQuerySet.as_manager()

    class Meta:
        ordering = ["started_at"]
        indexes = [models.Index(fields=["touched_at"], name="upload_by_last_piece")]

    def __str__(self) -> str:
        return self.name


class EvidenceAccess(models.Model):
    """Somebody saw or downloaded a version. The database refuses to update or delete a row (migration 0007)."""

    institution = models.ForeignKey("accounts.Institution", on_delete=models.PROTECT, related_name="+")
    evidence = models.ForeignKey(Evidence, on_delete=models.PROTECT, related_name="accesses")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    body = models.CharField(max_length=200, help_text="The name of the body for which the person acted.")
    kind = models.CharField(max_length=10, choices=AccessKind.choices)
    address = models.GenericIPAddressField(null=True, blank=True)
    at = models.DateTimeField(default=timezone.now)

    objects = AccessQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["institution", "-at"], name="access_of_institution"),
            models.Index(fields=["evidence", "-at"], name="access_of_evidence"),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.kind} {self.evidence_id}"
