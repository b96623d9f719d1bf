"""What became of an assignment, change by change: from these facts any past day can be told."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.indexes import GistIndex
from django.db import models
from django.db.models import F, Q

from portal.days import NEVER
from tasks.enums import CLOSED, PASSING, AssignmentState
from tasks.models.assignments import Assignment
from tasks.querysets import HELD, AssignmentChangeQuerySet

S = AssignmentState
ANSWER = ("submitted_at", "returned_at")


class AssignmentChange(models.Model):
    """One change of an assignment's state or deadline; its creation is the first, from no state.

    The database writes a row with every insert and update of `tasks_assignment`, set-based ones too, so that none
    can be forgotten, and refuses to change or delete it (migrations 0011, 0017 and 0018). What it tells holds from
    `at` until the next change. Only two fields are set later: `until` by the database itself, once, and `is_counted`
    when the daily tallies of `reports` have taken the row in.
    """

    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="changes", db_index=False)
    # Those of the assignment, which are held to by its own foreign keys: here they lie in the indexes.
    institution = models.ForeignKey(
        "accounts.Institution", on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    task = models.ForeignKey(
        "plan.Task", on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    at = models.DateTimeField()
    until = models.DateTimeField(default=NEVER)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    from_state = models.CharField(max_length=20, choices=S.choices, blank=True)
    to_state = models.CharField(max_length=20, choices=S.choices)
    from_deadline = models.DateField(null=True)
    to_deadline = models.DateField()
    # As the assignment has them then.
    submitted_at = models.DateTimeField(null=True)
    returned_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    is_counted = models.BooleanField(default=False)

    objects = AssignmentChangeQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["assignment"], condition=Q(until=NEVER), name="change_in_force_once"),
            models.CheckConstraint(condition=Q(until__gte=F("at")), name="change_ends_after_it_began"),
        ]
        indexes = [
            models.Index(fields=["assignment", "-at", "-id"], name="change_of_assignment"),
            models.Index(fields=["-at", "-id"], name="change_by_time"),
            models.Index(fields=["id"], condition=Q(is_counted=False), name="change_to_count"),
            # Lists of a past day walk these without a look at the rows, past what was over by then.
            models.Index(
                fields=["to_deadline", "until", "id"],
                include=["at", "to_state", "institution", "task"],
                name="change_by_deadline",
            ),
            models.Index(
                fields=["to_state", "to_deadline", "until", "id"],
                include=["at", "institution", "task"],
                name="change_by_state",
            ),
            models.Index(
                fields=["task", "to_deadline", "until", "id"],
                include=["at", "to_state", "institution"],
                name="change_by_task",
            ),
            models.Index(
                fields=["institution", "until"],
                include=["at", "to_state", "to_deadline", "task", "id"],
                name="change_of_institution",
            ),
            models.Index(
                fields=["to_deadline", "until", "id"],
                include=["at", "to_state", "institution", "task"],
                condition=~Q(to_state__in=CLOSED),
                name="change_open",
            ),
            models.Index(
                fields=["to_deadline", "until", "id"],
                include=["at", "to_state", "institution", "task", *ANSWER],
                condition=Q(returned_at__isnull=False),
                name="change_once_returned",
            ),
            # Of very many facts that held for days, the few that did at one moment.
            GistIndex(
                HELD,
                include=["at", "until", "id", "to_state", "to_deadline", "institution", "task", *ANSWER],
                condition=Q(to_state__in=PASSING) | Q(returned_at__gt=F("submitted_at")),
                name="change_in_passing",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.assignment_id}: {self.from_state} → {self.to_state}"
