"""An institution's answers, who writes them, and the scores they come to."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assessments.models.cycles import Cycle, SelfAssessment
from assessments.querysets import AnswerQuerySet, DelegationQuerySet, ScoreQuerySet


class Answer(models.Model):
    """Where the institution stands on one requirement. Which field holds the value follows the requirement's kind.

    `is_carried_over` marks an answer taken from the last accepted self-assessment that nobody confirmed yet.
    `reply` answers the supervisor's reason, where the version before was returned for this requirement.
    """

    self_assessment = models.ForeignKey(SelfAssessment, on_delete=models.CASCADE, related_name="answers")
    # No index of its own: the first column of answer_by_requirement serves.
    requirement = models.ForeignKey("plan.Requirement", on_delete=models.PROTECT, related_name="+", db_index=False)
    in_place = models.BooleanField(_("是否到位"), null=True, blank=True)
    level = models.PositiveSmallIntegerField(_("成熟度"), null=True, blank=True)
    numerator = models.DecimalField(_("分子"), max_digits=18, decimal_places=2, null=True, blank=True)
    denominator = models.DecimalField(_("分母"), max_digits=18, decimal_places=2, null=True, blank=True)
    number = models.DecimalField(_("数值"), max_digits=18, decimal_places=2, null=True, blank=True)
    date = models.DateField(_("日期"), null=True, blank=True)
    justification = models.TextField(_("说明"), blank=True)
    measure = models.TextField(_("整改措施"), blank=True)
    measure_owner = models.CharField(_("责任人"), max_length=80, blank=True)
    measure_due_on = models.DateField(_("计划完成日期"), null=True, blank=True)
    reply = models.TextField(_("对退回理由的答复"), blank=True)
    is_carried_over = models.BooleanField(_("沿用"), default=False)
    evidence = models.ManyToManyField("tasks.Evidence", blank=True, related_name="answers")
    revision = models.PositiveIntegerField(default=0)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    updated_at = models.DateTimeField(default=timezone.now)

    objects = AnswerQuerySet.as_manager()

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
        indexes = [
            models.Index(fields=["measure_due_on"], condition=~Q(measure=""), name="answer_measure_by_day"),
            models.Index(fields=["requirement", "self_assessment"], name="answer_by_requirement"),
        ]

    def __str__(self) -> str:
        return f"{self.self_assessment_id}/{self.requirement_id}"

    @property
    def percentage(self) -> Decimal | None:
        """Numerator over denominator in percent, one decimal, half up; None until both are given."""
        if self.numerator is None or self.denominator is None:
            return None
        return (self.numerator * 100 / self.denominator).quantize(Decimal("0.1"), rounding="ROUND_HALF_UP")


class Delegation(models.Model):
    """Who in the institution writes the answers to a task in a cycle; it holds for every version."""

    cycle = models.ForeignKey(Cycle, on_delete=models.PROTECT, related_name="delegations")
    institution = models.ForeignKey("accounts.Institution", on_delete=models.PROTECT, related_name="delegations")
    task = models.ForeignKey("plan.Task", on_delete=models.PROTECT, related_name="+")
    contributor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="delegations")
    delegated_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    delegated_at = models.DateTimeField(default=timezone.now)

    objects = DelegationQuerySet.as_manager()

    class Meta:
        ordering = ["task__number"]
        constraints = [
            models.UniqueConstraint(fields=["cycle", "institution", "task"], name="delegation_once_per_task"),
        ]

    def __str__(self) -> str:
        return f"{self.task} → {self.contributor}"


class Score(models.Model):
    """What a signed self-assessment comes to: of a task, of a theme, or as a whole when both are empty.

    Written at the signature by the rule of `assessments/scores.py`, so that it speaks of the weights of that day.
    """

    self_assessment = models.ForeignKey(SelfAssessment, on_delete=models.PROTECT, related_name="scores")
    theme = models.ForeignKey("plan.Theme", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    task = models.ForeignKey("plan.Task", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    value = models.DecimalField(_("得分"), max_digits=5, decimal_places=4)

    objects = ScoreQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["self_assessment", "theme", "task"], nulls_distinct=False, name="score_once"
            ),
            models.CheckConstraint(name="score_of_one_thing", condition=Q(theme=None) | Q(task=None)),
            models.CheckConstraint(name="score_0_to_5", condition=Q(value__gte=0, value__lte=5)),
        ]
        indexes = [
            # What comparisons and rankings read, without the scores of tasks, which are most of the table.
            models.Index(
                fields=["self_assessment", "theme"],
                include=["value"],
                condition=Q(task=None),
                name="score_of_whole_and_themes",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.self_assessment_id} {self.value}"
