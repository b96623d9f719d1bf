"""The doing: what one institution owes for one task, its statements and evidence, and what its CIO signed."""

from __future__ import annotations

import datetime
import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from plan.enums import Part
from plan.models import Requirement
from tasks.enums import CLOSED, EDITABLE, AccessKind, AssignmentState
from tasks.querysets import (
    AccessQuerySet,
    AssignmentQuerySet,
    EvidenceManager,
    EvidenceUploadQuerySet,
    SubmissionQuerySet,
)
from vault.models import StoredFile

S = AssignmentState


class Assignment(models.Model):
    """One task for one institution: its part, its deadline, and how far it has come.

    `deadline` is the last day on which the work is on time, in Asia/Shanghai. Overdue is never stored.
    """

    # No index of their own: the first column of assignment_by_task and of assignment_of_institution serves.
    task = models.ForeignKey("plan.Task", on_delete=models.PROTECT, related_name="assignments", db_index=False)
    institution = models.ForeignKey(
        "accounts.Institution", on_delete=models.PROTECT, related_name="assignments", db_index=False
    )
    part = models.CharField(_("分工"), max_length=10, choices=Part.choices)
    deadline = models.DateField(_("完成期限"))
    deadline_is_official = models.BooleanField(default=False)
    state = models.CharField(_("状态"), max_length=20, choices=S.choices, default=S.NOT_STARTED)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    handed_in_at = models.DateTimeField(null=True, blank=True)
    sent_back_at = models.DateTimeField(null=True, blank=True)
    sent_back_reason = models.TextField(_("退回填报人的说明"), blank=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    returned_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    exempted_at = models.DateTimeField(null=True, blank=True)
    exempted_reason = models.TextField(_("不适用的理由"), blank=True)

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        ordering = ["deadline", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["task", "institution"], name="assignment_once"),
            models.CheckConstraint(name="assignment_part_known", condition=Q(part__in=Part.values)),
            models.CheckConstraint(
                name="assignment_state_has_its_time",
                condition=Q(state=S.NOT_STARTED, started_at=None)
                | Q(state=S.IN_PROGRESS, started_at__isnull=False)
                | Q(state=S.AWAITING_SIGNATURE, handed_in_at__isnull=False)
                | Q(state=S.SUBMITTED, submitted_at__isnull=False)
                | Q(state=S.RETURNED, submitted_at__isnull=False, returned_at__isnull=False)
                | Q(state=S.ACCEPTED, submitted_at__isnull=False, accepted_at__isnull=False)
                | (Q(state=S.NOT_APPLICABLE, exempted_at__isnull=False) & ~Q(exempted_reason="")),
            ),
            models.CheckConstraint(
                name="assignment_end_only_when_over",
                condition=(Q(state=S.ACCEPTED) | Q(accepted_at=None))
                & (Q(state=S.NOT_APPLICABLE) | Q(exempted_at=None)),
            ),
        ]
        indexes = [
            models.Index(fields=["deadline", "id"], name="assignment_by_deadline"),
            models.Index(fields=["institution", "deadline"], name="assignment_of_institution"),
            models.Index(fields=["submitted_at"], condition=Q(state=S.SUBMITTED), name="assignment_in_queue"),
            models.Index(
                fields=["institution", "submitted_at"], condition=Q(state=S.SUBMITTED), name="assignment_in_queue_of"
            ),
            models.Index(fields=["task", "deadline", "id"], name="assignment_by_task"),
            models.Index(fields=["state", "deadline", "id"], name="assignment_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.institution} · {self.task}"

    def get_absolute_url(self) -> str:
        return reverse("tasks:detail", args=[self.pk])

    @property
    def is_editable(self) -> bool:
        return self.state in EDITABLE

    @property
    def is_closed(self) -> bool:
        return self.state in CLOSED

    @property
    def is_overdue(self) -> bool:
        return not self.is_closed and self.deadline < timezone.localdate()

    @property
    def days_left(self) -> int:
        """Whole days until the deadline's day; 0 on the day itself, negative when it has passed."""
        return (self.deadline - timezone.localdate()) // datetime.timedelta(days=1)

    @property
    def requirements(self) -> models.QuerySet[Requirement]:
        """What the institution answers for its part, in the plan's order."""
        return self.task.requirements.for_part(Part(self.part))


class Statement(models.Model):
    """What the institution says of one requirement. `revision` counts saves, so that a stale tab is noticed."""

    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="statements")
    requirement = models.ForeignKey("plan.Requirement", on_delete=models.PROTECT, related_name="+")
    text = models.TextField(_("落实情况说明"), blank=True)
    revision = models.PositiveIntegerField(default=0)
    updated_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["assignment", "requirement"], name="statement_once")]

    def __str__(self) -> str:
        return f"{self.assignment_id}/{self.requirement_id}"


class Evidence(models.Model):
    """One version of a file, put forward for a requirement. The bytes and what is known of them are `stored`'s.

    The versions of one document share `series`. Replacing adds a version, withdrawing hides one; neither touches
    what was signed before. `frozen_at` is set when the CIO signs something that holds the version; from then on
    supervisors see it. The database refuses to change what was put forward, and to delete a row (migration 0007).
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


class Submission(models.Model):
    """What the CIO signed for an assignment: numbered, frozen, with digests over its canonical JSON.

    The database refuses to update or delete a row (migration 0002).
    """

    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="submissions")
    number = models.PositiveIntegerField()
    content = models.JSONField()
    sha256 = models.CharField(max_length=64)
    sm3 = models.CharField(max_length=64)
    evidence = models.ManyToManyField(Evidence, related_name="submissions")
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField(default=timezone.now)

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        ordering = ["assignment", "number"]
        constraints = [models.UniqueConstraint(fields=["assignment", "number"], name="submission_number_once")]
        indexes = [models.Index(fields=["signed_at"], name="submission_by_time")]

    def __str__(self) -> str:
        return f"{self.assignment} #{self.number}"

    @property
    def verdict(self):
        """The supervisor's review, or None while it waits for one."""
        return getattr(self, "review", None)

    @property
    def institution(self):
        return self.assignment.institution
