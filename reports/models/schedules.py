from __future__ import annotations

import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from portal.accounts.models import Authority, Institution
from reports.enums import ReportKind
from reports.schedules.enums import Frequency
from reports.schedules.periods import DAY, end_of
from reports.schedules.querysets import ReportScheduleQuerySet


class ReportSchedule(models.Model):
    """What a person wants after each month or quarter, for a body of theirs.

    `made_until` is the last day of the newest period whose report was asked for, at first of the one before the
    schedule began.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    institution = models.ForeignKey(
        "accounts.Institution", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    authority = models.ForeignKey(
        "accounts.Authority", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    kind = models.CharField(max_length=20, choices=ReportKind.choices)
    plan = models.ForeignKey("plan.Plan", on_delete=models.PROTECT, related_name="+")
    language = models.CharField(max_length=10, default="zh-hans")
    frequency = models.CharField(max_length=10, choices=Frequency.choices)
    created_at = models.DateTimeField(default=timezone.now)
    made_until = models.DateField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = ReportScheduleQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="report_schedule_has_its_scope",
                condition=Q(kind=ReportKind.STATUS, institution__isnull=False, authority=None)
                | Q(kind=ReportKind.SUPERVISORY, institution=None, authority__isnull=False),
            ),
            models.UniqueConstraint(
                name="report_schedule_once",
                fields=["person", "institution", "authority", "kind", "plan", "language", "frequency"],
                condition=Q(ended_at=None),
                nulls_distinct=False,
            ),
        ]
        indexes = [
            models.Index(fields=["frequency", "made_until"], condition=Q(ended_at=None), name="report_schedule_running")
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.get_frequency_display()} {self.body}"

    @property
    def title(self) -> str:
        return str(self.get_kind_display())

    @property
    def body(self) -> Institution | Authority:
        return self.authority or self.institution

    @property
    def next_day(self) -> datetime.date:
        """When the next report is made: the day after its period."""
        return end_of(self.frequency, self.made_until + DAY) + DAY

    def get_language_display(self) -> str:
        return dict(settings.LANGUAGES)[self.language]
