"""What one institution owes for one task, and what it says of each requirement."""

from __future__ import annotations

import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from plan.enums import Part
from plan.models import Requirement
from tasks.enums import CLOSED, EDITABLE, TAKES_FILES, AssignmentState
from tasks.querysets import AssignmentQuerySet, StatementQuerySet

S = AssignmentState


class Assignment(models.Model):
    """One task for one institution: its part, its deadline, and how far it has come.

    `deadline` is the last day on which the work is on time, in Asia/Shanghai. Overdue is never stored. Whatever
    changes state or deadline says when and by whom in `changed_at` and `changed_by`; the database keeps each such
    change as an `AssignmentChange`.
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
    changed_at = models.DateTimeField(default=timezone.now)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    started_at = models.DateTimeField(null=True, blank=True)
    handed_in_at = models.DateTimeField(null=True, blank=True)
    sent_back_at = models.DateTimeField(null=True, blank=True)
    sent_back_reason = models.TextField(_("退回填报人的说明"), blank=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    returned_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    exempted_at = models.DateTimeField(null=True, blank=True)
    exempted_reason = models.TextField(_("不适用的理由"), blank=True)

    # Set on a row that was made to tell of a past day: state and deadline are those known at the end of that day.
    known_on: datetime.date | None = None

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
            # What is open is counted in scopes as large as the industry, without a look at the rows.
            models.Index(
                fields=["deadline", "id"],
                include=["institution", "task", "state"],
                condition=~Q(state__in=CLOSED),
                name="assignment_open",
            ),
            models.Index(
                fields=["returned_at"],
                condition=Q(state__in=[S.RETURNED, S.IN_PROGRESS, S.AWAITING_SIGNATURE], returned_at__isnull=False),
                name="assignment_returned",
            ),
            models.Index(fields=["withdrawn_at"], condition=Q(withdrawn_at__isnull=False), name="assignment_withdrawn"),
            # What the explorer walks where few rows match: of a region by state, of a task by state, the overdue.
            models.Index(fields=["institution", "state", "deadline"], name="assignment_of_in_state"),
            models.Index(fields=["task", "state", "deadline", "id"], name="assignment_by_task_in_state"),
            models.Index(
                fields=["task", "deadline", "id"], condition=~Q(state__in=CLOSED), name="assignment_open_by_task"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.institution} · {self.task}"

    def get_absolute_url(self) -> str:
        return reverse("tasks:detail", args=[self.pk])

    @property
    def is_editable(self) -> bool:
        return self.state in EDITABLE

    @property
    def takes_files(self) -> bool:
        return self.state in TAKES_FILES

    @property
    def is_closed(self) -> bool:
        return self.state in CLOSED

    @property
    def is_overdue(self) -> bool:
        return not self.is_closed and self.days_left < 0

    @property
    def days_left(self) -> int:
        """Whole days until the deadline's day; 0 on the day itself, negative when it has passed."""
        return (self.deadline - (self.known_on or timezone.localdate())) // datetime.timedelta(days=1)

    @property
    def days_late(self) -> int:
        """Whole days since the deadline passed; 0 until then."""
        return max(-self.days_left, 0)

    @property
    def requirements(self) -> models.QuerySet[Requirement]:
        """What the institution answers for its part, in the plan's order."""
        return self.task.requirements.for_part(Part(self.part))


class Statement(models.Model):
    """What the institution says of one requirement. `revision` counts saves, so that a stale tab is noticed."""

    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="statements")
    requirement = models.ForeignKey("plan.Requirement", on_delete=models.PROTECT, related_name="+")
    text = models.TextField(_("落实情况说明"), blank=True)
    reply = models.TextField(_("对退回理由的答复"), blank=True)
    revision = models.PositiveIntegerField(default=0)
    updated_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(default=timezone.now)

    objects = StatementQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["assignment", "requirement"], name="statement_once")]

    def __str__(self) -> str:
        return f"{self.assignment_id}/{self.requirement_id}"
