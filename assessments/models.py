"""The judging: what an institution says of itself each cycle, and what its supervisor says of what was signed."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assessments.enums import CycleKind, SelfAssessmentState, Verdict
from assessments.querysets import CycleQuerySet, ReviewQuerySet, SelfAssessmentQuerySet
from portal.localised import Localised

S = SelfAssessmentState


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
    """One version of an institution's answers in a cycle. A return opens the next version; every one is kept.

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
        ]

    def __str__(self) -> str:
        return f"{self.cycle} · {self.institution} v{self.version}"

    def get_absolute_url(self) -> str:
        return reverse("assessments:detail", args=[self.pk])

    @property
    def is_editable(self) -> bool:
        return self.state == S.DRAFT

    @property
    def is_overdue(self) -> bool:
        return self.state != S.ACCEPTED and self.cycle.due_on < timezone.localdate()


class Answer(models.Model):
    """Where the institution stands on one requirement. Which field holds the value follows the requirement's kind."""

    self_assessment = models.ForeignKey(SelfAssessment, on_delete=models.CASCADE, related_name="answers")
    requirement = models.ForeignKey("plan.Requirement", on_delete=models.PROTECT, related_name="+")
    in_place = models.BooleanField(_("是否到位"), null=True, blank=True)
    level = models.PositiveSmallIntegerField(_("成熟度"), null=True, blank=True)
    numerator = models.DecimalField(_("分子"), max_digits=18, decimal_places=2, null=True, blank=True)
    denominator = models.DecimalField(_("分母"), max_digits=18, decimal_places=2, null=True, blank=True)
    number = models.DecimalField(_("数值"), max_digits=18, decimal_places=2, null=True, blank=True)
    date = models.DateField(_("日期"), null=True, blank=True)
    justification = models.TextField(_("说明"), blank=True)
    evidence = models.ManyToManyField("tasks.Evidence", blank=True, related_name="answers")
    revision = models.PositiveIntegerField(default=0)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["self_assessment", "requirement"], name="answer_once"),
            models.CheckConstraint(name="answer_level_0_to_5", condition=Q(level=None) | Q(level__lte=5)),
            models.CheckConstraint(
                name="answer_ratio_within_whole",
                condition=Q(numerator=None, denominator=None)
                | Q(
                    numerator__isnull=False,
                    denominator__isnull=False,
                    numerator__gte=0,
                    denominator__gt=0,
                    numerator__lte=F("denominator"),
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.self_assessment_id}/{self.requirement_id}"

    @property
    def percentage(self) -> Decimal | None:
        """Numerator over denominator in percent, one decimal, half up; None until both are given."""
        if self.numerator is None or self.denominator is None:
            return None
        return (self.numerator * 100 / self.denominator).quantize(Decimal("0.1"), rounding="ROUND_HALF_UP")


class Review(models.Model):
    """A supervisor's verdict on one submission or one self-assessment, sent and final."""

    submission = models.OneToOneField(
        "tasks.Submission", null=True, blank=True, on_delete=models.PROTECT, related_name="review"
    )
    self_assessment = models.OneToOneField(
        SelfAssessment, null=True, blank=True, on_delete=models.PROTECT, related_name="review"
    )
    authority = models.ForeignKey("accounts.Authority", on_delete=models.PROTECT, related_name="reviews")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    comment = models.TextField(_("总体意见"), blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                name="review_of_exactly_one",
                condition=Q(submission__isnull=False, self_assessment__isnull=True)
                | Q(submission__isnull=True, self_assessment__isnull=False),
            ),
            models.CheckConstraint(name="review_verdict_known", condition=Q(verdict__in=Verdict.values)),
        ]

    def __str__(self) -> str:
        return f"{self.get_verdict_display()} {self.submission or self.self_assessment}"

    @property
    def outcome(self) -> str:
        """What the work is now, in words; the verdict's own words name the act."""
        return S(self.verdict).label


class Reason(models.Model):
    """Why a requirement was returned."""

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="reasons")
    requirement = models.ForeignKey("plan.Requirement", on_delete=models.PROTECT, related_name="+")
    text = models.TextField(_("退回理由"))

    class Meta:
        ordering = ["requirement__task__number", "requirement__number"]
        constraints = [
            models.UniqueConstraint(fields=["review", "requirement"], name="reason_once_per_requirement"),
            models.CheckConstraint(name="reason_not_empty", condition=~Q(text="")),
        ]

    def __str__(self) -> str:
        return f"{self.review_id}/{self.requirement_id}"
