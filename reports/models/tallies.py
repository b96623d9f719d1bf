"""How many assignments stood where, derived from the facts that `tasks.AssignmentChange` keeps (docs/adr/0014).

A cell is a task, a kind of institution, a region, a state and a deadline. Everything here can be thrown away and
derived again: `manage.py rebuild_tallies`.
"""

from __future__ import annotations

from django.db import models

from portal.accounts.enums import InstitutionKind
from tasks.enums import AssignmentState

CELL = ["task", "kind", "region", "state", "deadline"]


class Cell(models.Model):
    task = models.ForeignKey("plan.Task", on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=20, choices=InstitutionKind.choices)
    region = models.ForeignKey("accounts.Region", on_delete=models.PROTECT, related_name="+", db_index=False)
    state = models.CharField(max_length=20, choices=AssignmentState.choices)
    deadline = models.DateField()

    class Meta:
        abstract = True


class DailyTally(Cell):
    """By how many assignments a cell grew or shrank on a day of Asia/Shanghai."""

    day = models.DateField()
    change = models.IntegerField()

    class Meta:
        verbose_name_plural = "daily tallies"
        constraints = [models.UniqueConstraint(fields=["day", *CELL], name="daily_tally_once")]
        indexes = [models.Index(fields=["state", "day"], name="daily_tally_of_state")]

    def __str__(self) -> str:
        return f"{self.day} {self.task_id} {self.state} {self.change:+}"


class Standing(Cell):
    """How many assignments a cell holds by all facts that are counted."""

    number = models.IntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=CELL, name="standing_once")]

    def __str__(self) -> str:
        return f"{self.task_id} {self.state} {self.number}"


class OpeningBalance(Cell):
    """How many assignments a cell held when a month began: `month` is its first day.

    Once there is one for a month, there is one for every later month up to the newest.
    """

    month = models.DateField()
    number = models.IntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["month", *CELL], name="opening_balance_once")]

    def __str__(self) -> str:
        return f"{self.month} {self.task_id} {self.state} {self.number}"
