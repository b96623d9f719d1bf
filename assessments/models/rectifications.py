"""Rectification: something the supervisor wants put right, by a day, with proof."""

from __future__ import annotations

import datetime

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assessments.enums import ESCALATED_AFTER, RectificationState, StepKind
from assessments.models.reviews import Review
from assessments.querysets import RectificationQuerySet, RectificationStepQuerySet
from portal.text_search import Bigrams

S = RectificationState


class Rectification(models.Model):
    """One thing to put right, opened from a review or on its own. What was said in its course stands in `steps`.

    `deadline` ends with its day, in Asia/Shanghai. Overdue is never stored.
    """

    institution = models.ForeignKey("accounts.Institution", on_delete=models.PROTECT, related_name="rectifications")
    authority = models.ForeignKey("accounts.Authority", on_delete=models.PROTECT, related_name="rectifications")
    requirement = models.ForeignKey(
        "plan.Requirement", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    review = models.ForeignKey(Review, null=True, blank=True, on_delete=models.PROTECT, related_name="rectifications")
    title = models.CharField(_("整改事项"), max_length=200)
    deadline = models.DateField(_("整改期限"))
    state = models.CharField(_("状态"), max_length=12, choices=S.choices, default=S.OPEN)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(default=timezone.now)
    answered_at = models.DateTimeField(null=True, blank=True)
    reopened_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = RectificationQuerySet.as_manager()

    class Meta:
        ordering = ["deadline", "pk"]
        constraints = [
            models.CheckConstraint(
                name="rectification_state_has_its_time",
                condition=Q(state=S.OPEN)
                | Q(state=S.UNVERIFIED, answered_at__isnull=False)
                | Q(state=S.CLOSED, closed_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["institution", "deadline"], name="rectification_of_institution"),
            models.Index(fields=["deadline", "id"], condition=~Q(state=S.CLOSED), name="rectification_unclosed"),
            models.Index(fields=["deadline", "id"], name="rectification_by_day"),
            GinIndex(Bigrams("title"), name="rectification_titles"),
            models.Index(fields=["state", "deadline", "id"], name="rectification_by_state"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("assessments:rectification", args=[self.pk])

    @property
    def is_overdue(self) -> bool:
        """Past its deadline and not answered; what waits for verification is not the institution's delay."""
        return self.state == S.OPEN and self.deadline < timezone.localdate()

    @property
    def is_escalated(self) -> bool:
        """So long overdue that the authority's lead supervisors have been told."""
        return self.is_overdue and self.days_left <= -ESCALATED_AFTER

    @property
    def days_left(self) -> int:
        return (self.deadline - timezone.localdate()) // datetime.timedelta(days=1)


class RectificationStep(models.Model):
    """What somebody did in a rectification, with words and files. The database refuses to change or delete a row."""

    rectification = models.ForeignKey(Rectification, on_delete=models.PROTECT, related_name="steps")
    kind = models.CharField(max_length=12, choices=StepKind.choices)
    text = models.TextField(_("说明"), blank=True)
    evidence = models.ManyToManyField("tasks.Evidence", blank=True, related_name="rectification_steps")
    deadline = models.DateField(_("整改期限"), help_text="The deadline from this step on.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    objects = RectificationStepQuerySet.as_manager()

    class Meta:
        ordering = ["at", "pk"]
        indexes = [GinIndex(Bigrams("text"), name="rectification_step_words")]

    def __str__(self) -> str:
        return f"{self.kind} {self.rectification_id}"
