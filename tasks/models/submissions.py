"""What the CIO signed for an assignment."""

from __future__ import annotations

import datetime

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils import timezone

from portal.text_search import Bigrams, SaidIn
from tasks.models.assignments import Assignment
from tasks.models.evidence import Evidence
from tasks.querysets import SubmissionQuerySet

STATED = SaidIn("content", path="$.requirements[*].statement")


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
        indexes = [
            models.Index(fields=["signed_at"], name="submission_by_time"),
            GinIndex(Bigrams(STATED), name="submission_statements"),
        ]

    def __str__(self) -> str:
        return f"{self.assignment} #{self.number}"

    @property
    def verdict(self):
        """The supervisor's review, or None while it waits for one."""
        return getattr(self, "review", None)

    @property
    def institution(self):
        return self.assignment.institution

    @property
    def days_late(self) -> int:
        """Whole days after the deadline, as the signed content holds it, on which it was signed; 0 when in time."""
        deadline = datetime.date.fromisoformat(self.content["deadline"])
        return max((timezone.localdate(self.signed_at) - deadline).days, 0)
