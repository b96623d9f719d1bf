"""Rounds of self-assessment, and what an institution says of itself in each."""

from __future__ import annotations

import datetime

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assessments.enums import CycleKind, SelfAssessmentState
from assessments.querysets import CycleQuerySet, SelfAssessmentQuerySet
from portal.localised import Localised
from portal.text_search import Bigrams, SaidIn

S = SelfAssessmentState
JUSTIFIED = SaidIn("content", path="$.tasks[*].requirements[*].justification")


class Cycle(models.Model):
    """One round of self-assessment. It is open from `opens_on` on, and due by the end of `due_on`."""

    plan = models.ForeignKey("plan.Plan", on_delete=models.PROTECT, related_name="cycles")
    title = models.CharField(_("名称"), max_length=100)
    title_en = models.CharField(max_length=100, blank=True)
    kind = models.CharField(max_length=10, choices=CycleKind.choices)
    period_starts_on = models.DateField()
    period_ends_on = models.DateField()
    opens_on = models.DateField()
    due_on = models.DateField(_("截止日期"))
    local_title = Localised("title")

    objects = CycleQuerySet.as_manager()

    class Meta:
        ordering = ["-period_ends_on"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "period_starts_on", "kind"], name="cycle_once_per_period"),
            models.CheckConstraint(
                name="cycle_dates_in_order",
                condition=Q(period_ends_on__gt=F("period_starts_on"), due_on__gte=F("opens_on")),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        """Whether answers may be written. It stays open past its due date: late is better than never."""
        return self.opens_on <= timezone.localdate()


class SelfAssessment(models.Model):
    """One version of an institution's answers in a cycle. A return or a withdrawal opens the next; all are kept.

    `content` and its digests are set when the CIO signs, and never change afterwards.
    """

    cycle = models.ForeignKey(Cycle, on_delete=models.PROTECT, related_name="self_assessments")
    institution = models.ForeignKey("accounts.Institution", on_delete=models.PROTECT, related_name="self_assessments")
    version = models.PositiveIntegerField(default=1)
    state = models.CharField(_("状态"), max_length=20, choices=S.choices, default=S.DRAFT)
    created_at = models.DateTimeField(default=timezone.now)
    handed_in_at = models.DateTimeField(null=True, blank=True)
    sent_back_at = models.DateTimeField(null=True, blank=True)
    sent_back_reason = models.TextField(_("退回填报人的说明"), blank=True)
    signed_at = models.DateTimeField(null=True, blank=True)
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    reviewed_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    content = models.JSONField(null=True, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    sm3 = models.CharField(max_length=64, blank=True)

    objects = SelfAssessmentQuerySet.as_manager()

    class Meta:
        ordering = ["cycle", "institution", "version"]
        constraints = [
            models.UniqueConstraint(fields=["cycle", "institution", "version"], name="self_assessment_version_once"),
            models.CheckConstraint(
                name="self_assessment_state_has_its_time",
                condition=Q(state=S.DRAFT, signed_at=None)
                | Q(state=S.AWAITING_SIGNATURE, handed_in_at__isnull=False, signed_at=None)
                | Q(state=S.SUBMITTED, signed_at__isnull=False, reviewed_at=None)
                | Q(state=S.WITHDRAWN, signed_at__isnull=False, withdrawn_at__isnull=False, reviewed_at=None)
                | Q(state__in=[S.ACCEPTED, S.RETURNED], signed_at__isnull=False, reviewed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="self_assessment_signed_is_frozen",
                condition=Q(signed_at=None, signed_by=None, content=None, sha256="")
                | (Q(signed_at__isnull=False, signed_by__isnull=False, content__isnull=False) & ~Q(sha256="")),
            ),
        ]
        indexes = [
            models.Index(fields=["institution", "cycle"], name="self_assessment_of"),
            models.Index(fields=["signed_at"], condition=Q(state=S.SUBMITTED), name="self_assessment_in_queue"),
            models.Index(fields=["signed_at"], condition=Q(signed_at__isnull=False), name="self_assessment_signed"),
            models.Index(
                fields=["withdrawn_at"], condition=Q(withdrawn_at__isnull=False), name="self_assessment_withdrawn"
            ),
            GinIndex(Bigrams(JUSTIFIED), condition=Q(signed_at__isnull=False), name="self_assessment_words"),
        ]

    def __str__(self) -> str:
        return f"{self.cycle} · {self.institution} v{self.version}"

    def get_absolute_url(self) -> str:
        return reverse("assessments:detail", args=[self.pk])

    @property
    def is_editable(self) -> bool:
        return self.state == S.DRAFT

    def stood(self, until: datetime.datetime) -> S:
        """In which state a version signed before that moment was then."""
        if self.withdrawn_at and self.withdrawn_at < until:
            return S.WITHDRAWN
        return S(self.state) if self.reviewed_at and self.reviewed_at < until else S.SUBMITTED

    @property
    def is_overdue(self) -> bool:
        return self.state != S.ACCEPTED and self.cycle.due_on < timezone.localdate()

    @property
    def days_late(self) -> int:
        """Whole days after the due date on which it was signed, or is today while nobody signed; 0 while in time."""
        day = timezone.localdate(self.signed_at) if self.signed_at else timezone.localdate()
        return max((day - self.cycle.due_on).days, 0)
