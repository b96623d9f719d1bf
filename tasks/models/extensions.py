"""批量延期: later deadlines that a supervising body granted unasked, to many assignments at once."""

from __future__ import annotations

import datetime
import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from portal.notices.enums import DayUnit
from tasks.enums import BulkExtensionState, ExtensionRefusal, ExtensionStep
from tasks.models.assignments import Assignment
from tasks.querysets import BulkExtensionQuerySet, ExtendedAssignmentQuerySet

REASON_LENGTH = 500
UNDO_WITHIN = datetime.timedelta(hours=24)
S = BulkExtensionState


class BulkExtension(models.Model):
    """One decision: every deadline moves to `new_deadline`, or each by so many `days` from its own.

    `filters` is the query by which the assignments were chosen, `sha256` the digest of what moves from which day to
    which (`tasks.extending.choice`), as `by` saw it and confirmed. `token` is the form's: sent twice, it is one
    decision. A worker carries it out (`portal.attempts`), and its undoing, which `undone_by` asked for; `put_back`
    counts the deadlines moved back. `refusal` tells readers why either was not done, `error` is for operators. The
    database refuses every change to what was decided, and any to what is over.
    """

    # Its trail is in the common ledger.
    institution = None

    authority = models.ForeignKey("accounts.Authority", on_delete=models.PROTECT, related_name="bulk_extensions")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(_("延期理由"), max_length=REASON_LENGTH)
    new_deadline = models.DateField(_("延至"), null=True, blank=True)
    days = models.PositiveSmallIntegerField(_("延后天数"), null=True, blank=True)
    unit = models.CharField(_("计日方式"), max_length=10, choices=DayUnit, blank=True)
    filters = models.JSONField(default=dict)
    assignments = models.PositiveIntegerField()
    institutions = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    token = models.UUIDField(default=uuid.uuid4, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(_("状态"), max_length=15, choices=S, default=S.QUEUED)
    step = models.CharField(max_length=10, choices=ExtensionStep, default=ExtensionStep.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    extended_at = models.DateTimeField(null=True, blank=True)
    refused_at = models.DateTimeField(null=True, blank=True)
    refusal = models.CharField(max_length=15, choices=ExtensionRefusal, blank=True)
    error = models.TextField(blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    put_back = models.PositiveIntegerField(null=True, blank=True)

    objects = BulkExtensionQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="bulk_extension_day_or_days",
                condition=Q(new_deadline__isnull=False, days=None, unit="")
                | Q(new_deadline=None, days__gt=0, unit__in=DayUnit.values),
            ),
            models.CheckConstraint(name="bulk_extension_says_why", condition=~Q(reason="")),
            models.CheckConstraint(
                name="bulk_extension_extended_at_a_time",
                condition=Q(state__in=[S.QUEUED, S.EXTENDING, S.NOT_EXTENDED], extended_at=None)
                | Q(state__in=[S.EXTENDED, S.UNDO_QUEUED, S.UNDOING, S.UNDONE], extended_at__isnull=False),
            ),
            models.CheckConstraint(
                name="bulk_extension_refused_for_a_reason",
                condition=Q(state__in=[S.NOT_EXTENDED, S.EXTENDED], refused_at__isnull=False)
                & Q(refusal__in=ExtensionRefusal.values)
                | Q(refused_at=None, refusal="") & ~Q(state=S.NOT_EXTENDED),
            ),
            models.CheckConstraint(
                name="bulk_extension_undone_by_somebody",
                condition=Q(state=S.UNDONE, undone_at__isnull=False, undone_by__isnull=False, put_back__gt=0)
                | Q(state__in=[S.UNDO_QUEUED, S.UNDOING], undone_at=None, undone_by__isnull=False, put_back=None)
                | Q(
                    state__in=[S.QUEUED, S.EXTENDING, S.EXTENDED, S.NOT_EXTENDED],
                    undone_at=None,
                    undone_by=None,
                    put_back=None,
                ),
            ),
        ]
        indexes = [
            models.Index(fields=["authority", "-id"], name="bulk_extension_of_authority"),
            models.Index(
                fields=["created_at"],
                condition=Q(state__in=[S.QUEUED, S.EXTENDING, S.UNDO_QUEUED, S.UNDOING]),
                name="bulk_extension_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.authority_id} {self.created_at:%Y-%m-%d %H:%M}"

    def get_absolute_url(self) -> str:
        return reverse("tasks:extension", args=[self.pk])

    @property
    def query(self) -> str:
        """The filters as an address has them."""
        return urlencode(self.filters, doseq=True)

    @property
    def is_waiting(self) -> bool:
        """For a worker to take it."""
        return self.state in BulkExtensionQuerySet.waiting

    @property
    def is_under_way(self) -> bool:
        return self.is_waiting or self.state in BulkExtensionQuerySet.working

    @property
    def undo_until(self) -> datetime.datetime | None:
        return self.extended_at and self.extended_at + UNDO_WITHIN

    @property
    def is_undoable(self) -> bool:
        return self.state == S.EXTENDED and timezone.now() < self.undo_until

    @property
    def kept(self) -> int | None:
        """How many deadlines stayed as granted when it was undone, because the work had gone on."""
        return None if self.put_back is None else self.assignments - self.put_back


class ExtendedAssignment(models.Model):
    """A deadline that moved, and with `undone_at` moved back: the proof, and what holds against the plan's schedule."""

    # No index of its own: the first column of the constraint serves.
    extension = models.ForeignKey(BulkExtension, on_delete=models.PROTECT, related_name="extended", db_index=False)
    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="bulk_extensions")
    old_deadline = models.DateField(_("原期限"))
    old_is_official = models.BooleanField()
    new_deadline = models.DateField(_("延至"))
    undone_at = models.DateTimeField(null=True, blank=True)

    objects = ExtendedAssignmentQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["extension", "assignment"], name="extended_once_by_a_decision"),
            models.CheckConstraint(name="extended_to_a_later_day", condition=Q(new_deadline__gt=F("old_deadline"))),
        ]

    def __str__(self) -> str:
        return f"{self.extension_id}/{self.assignment_id}"
