"""What became of an assignment, change by change: from these facts any past day can be told."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from tasks.enums import AssignmentState
from tasks.models.assignments import Assignment
from tasks.querysets import AssignmentChangeQuerySet


class AssignmentChange(models.Model):
    """One change of an assignment's state or deadline; its creation is the first, from no state.

    The database writes a row with every insert and update of `tasks_assignment`, set-based ones too, so that none
    can be forgotten, and refuses to change or delete it (migration 0011). Only `is_counted` is set later, when the
    daily tallies of `reports` have taken the row in.
    """

    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="changes", db_index=False)
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    from_state = models.CharField(max_length=20, choices=AssignmentState.choices, blank=True)
    to_state = models.CharField(max_length=20, choices=AssignmentState.choices)
    from_deadline = models.DateField(null=True)
    to_deadline = models.DateField()
    is_counted = models.BooleanField(default=False)

    objects = AssignmentChangeQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["assignment", "-at", "-id"], name="change_of_assignment"),
            models.Index(fields=["-at", "-id"], name="change_by_time"),
            models.Index(fields=["id"], condition=models.Q(is_counted=False), name="change_to_count"),
        ]

    def __str__(self) -> str:
        return f"{self.assignment_id}: {self.from_state} → {self.to_state}"
