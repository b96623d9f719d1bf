"""Signed requirements laid out for a page, with the reasons given for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import groupby

from django.forms import BoundField

from assessments.models import Remark
from assessments.signed import SignedRequirement, SignedTask
from plan.models import Requirement


@dataclass(frozen=True)
class Row:
    """`before`: why earlier versions were returned; `given`: why this one was; `field`: where to say why."""

    answer: SignedRequirement
    before: list[Remark]
    given: list[Remark]
    field: BoundField | None


@dataclass(frozen=True)
class Holder:
    """Who writes a task. `is_gone`: no longer one of those who fill in there, so that the task waits for another."""

    name: str
    is_mine: bool
    is_gone: bool


@dataclass(frozen=True)
class TaskRows:
    """`holder` is who writes the task, while it is a draft and where it was given to somebody."""

    task: SignedTask
    rows: list[Row]
    holder: Holder | None = None

    @property
    def is_mine(self) -> bool:
        return self.holder is not None and self.holder.is_mine


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
    before: Mapping[int, list[Remark]],
    given: Mapping[int, list[Remark]],
    field: Callable[[Requirement], BoundField | None] = lambda requirement: None,
) -> list[ThemeRows]:
    laid_out = [
        TaskRows(
            task,
            [
                Row(r, before.get(r.requirement.pk, []), given.get(r.requirement.pk, []), field(r.requirement))
                for r in task.requirements
            ],
        )
        for task in tasks
    ]
    return [ThemeRows(title, list(rows)) for title, rows in groupby(laid_out, key=lambda rows: rows.task.theme)]
