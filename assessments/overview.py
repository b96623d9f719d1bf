"""A draft at a glance: by theme and task, what each answer comes to, and how far it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from assessments.completeness import Line
from assessments.content import rated, value_of
from assessments.history import NOTHING, Comments
from assessments.signed import answer_in_words
from plan.models import Task
from portal.audit.canonical import as_plain


@dataclass(frozen=True)
class TaskLines:
    task: Task
    rows: list[OverviewRow]


@dataclass(frozen=True)
class OverviewRow:
    """`value` is the answer in words, empty without one; `before` what was said of it earlier."""

    line: Line
    value: str
    before: Comments


@dataclass(frozen=True)
class ThemeLines:
    title: str
    tasks: list[TaskLines]

    @property
    def anchor(self) -> str:
        return f"theme-{self.tasks[0].task.number}"

    @property
    def lines(self) -> list[Line]:
        return [row.line for task in self.tasks for row in task.rows]

    @property
    def total(self) -> int:
        return len(self.lines)

    @property
    def complete(self) -> int:
        return sum(line.is_complete for line in self.lines)

    @property
    def progress(self) -> str:
        states = {line.progress for line in self.lines}
        return states.pop() if len(states) == 1 else "in_progress"


def overview_of(lines: Iterable[Line], before: Mapping[int, Comments]) -> list[ThemeLines]:
    """The lines of a draft, which are in the plan's order, with what was said of each earlier, by requirement id."""
    tasks = [
        TaskLines(task, [OverviewRow(line, _value(line), before.get(line.requirement.pk, NOTHING)) for line in of_task])
        for task, of_task in groupby(lines, key=lambda line: line.requirement.task)
    ]
    by_theme = groupby(tasks, key=lambda lines: lines.task.theme)
    return [ThemeLines(theme.local_title, list(of_theme)) for theme, of_theme in by_theme]


def _value(line: Line) -> str:
    return answer_in_words(as_plain(value_of(line.requirement, line.answer))) if line.answer else ""


def content_of(lines: Iterable[Line]) -> dict[str, Any]:
    """As much of the content to sign as scores are reckoned from."""
    return rated((line.requirement, line.answer) for line in lines)
