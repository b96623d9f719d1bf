"""What happened, by whom, to what: append-only, each record chained to the one before it in its ledger."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from portal.audit.querysets import AuditEventQuerySet


class AuditEvent(models.Model):
    """One recorded change. The database refuses to update or delete a row (migration 0001).

    A ledger is the events of one institution, or of none: chains are per institution so that two institutions
    never wait for each other.
    """

    at = models.DateTimeField(default=timezone.now)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    action = models.CharField(max_length=60, help_text="object.verb_in_past_tense, such as assignment.submitted")
    institution = models.ForeignKey(
        "accounts.Institution", null=True, blank=True, on_delete=models.PROTECT, related_name="audit_events"
    )
    target_type = models.CharField(max_length=60, blank=True)
    target_id = models.CharField(max_length=40, blank=True)
    data = models.JSONField(default=dict)
    previous_digest = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=64)

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["institution", "-id"], name="audit_ledger"),
            models.Index(fields=["target_type", "target_id", "id"], name="audit_target"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.action}"
