"""Signed requirements laid out for a page, with the reasons given for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import groupby

from django.forms import BoundField

from assessments.history import NOTHING, Comments
from assessments.signed import SignedRequirement, SignedTask
from plan.models import Requirement


@dataclass(frozen=True)
class Row:
    """`before`: what was said of it earlier; `given`: what was said of this version; `field`: where to say why."""

    answer: SignedRequirement
    before: Comments
    given: Comments
    field: BoundField | None


@dataclass(frozen=True)
class TaskRows:
    task: SignedTask
    rows: list[Row]


@dataclass(frozen=True)
class ThemeRows:
    title: str
    tasks: list[TaskRows]

    @property
    def anchor(self) -> str:
        return f"theme-{self.tasks[0].task.number}"

    @property
    def total(self) -> int:
        return sum(len(task.rows) for task in self.tasks)

    @property
    def complete(self) -> int:
        return sum(task.task.complete for task in self.tasks)

    @property
    def progress(self) -> str:
        states = {task.task.progress for task in self.tasks}
        return states.pop() if len(states) == 1 else "in_progress"


def themes_of(
    tasks: list[SignedTask],
    before: Mapping[int, Comments],
    given: Mapping[int, Comments],
    field: Callable[[Requirement], BoundField | None] = lambda requirement: None,
) -> list[ThemeRows]:
    laid_out = [
        TaskRows(
            task,
            [
                Row(
                    r, before.get(r.requirement.pk, NOTHING), given.get(r.requirement.pk, NOTHING), field(r.requirement)
                )
                for r in task.requirements
            ],
        )
        for task in tasks
    ]
    return [ThemeRows(title, list(rows)) for title, rows in groupby(laid_out, key=lambda rows: rows.task.theme)]
