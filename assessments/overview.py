"""A draft at a glance: by theme and task, what each answer comes to, and how far it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from types import MappingProxyType
from typing import Any

from assessments.completeness import Line
from assessments.content import rated, value_of
from assessments.history import Comments
from assessments.signed import answer_in_words
from plan.enums import Binding, RequirementKind
from plan.models import Task
from portal.audit.canonical import as_plain


@dataclass(frozen=True)
class Holder:
    """Who writes a task. `is_gone`: no longer one of those who fill in there, so that the task waits for another."""

    name: str
    is_mine: bool
    is_gone: bool


class Progress:
    """How far the lines of rows are."""

    rows: Any

    @property
    def total(self) -> int:
        return len(self.rows)

    @property
    def complete(self) -> int:
        return sum(row.line.is_complete for row in self.rows)

    @property
    def progress(self) -> str:
        states = {row.progress for row in self.rows}
        return states.pop() if len(states) == 1 else "in_progress"


@dataclass(frozen=True)
class TaskLines(Progress):
    """`holder` is who writes the task, where it was given to somebody."""

    task: Task
    rows: list[OverviewRow]
    holder: Holder | None

    @property
    def is_mine(self) -> bool:
        return self.holder is not None and self.holder.is_mine


@dataclass(frozen=True)
class OverviewRow:
    """A line laid out. `note` says how it is answered, `value` what was, `before` what was said of it earlier."""

    line: Line
    title: str
    note: str
    value: str
    files: int
    progress: str
    before: Comments | None


@dataclass(frozen=True)
class ThemeLines(Progress):
    title: str
    tasks: list[TaskLines]

    @property
    def anchor(self) -> str:
        return f"theme-{self.tasks[0].task.number}"

    @property
    def rows(self) -> list[OverviewRow]:
        return [row for task in self.tasks for row in task.rows]


def overview_of(
    lines: Iterable[Line],
    *,
    before: Mapping[int, Comments] = MappingProxyType({}),
    holders: Mapping[int, Holder] = MappingProxyType({}),
) -> list[ThemeLines]:
    """The lines of a draft, which are in the plan's order.

    `before` is what was said of each earlier, by requirement id, `holders` who writes which task, by its number.
    """
    notes = {
        (kind.value, binding.value): f"{kind.label} · {binding.label}"
        for kind in RequirementKind
        for binding in Binding
    }
    tasks = [
        TaskLines(task, [_row(line, notes, before) for line in of_task], holders.get(task.number))
        for task, of_task in groupby(lines, key=lambda line: line.requirement.task)
    ]
    by_theme = groupby(tasks, key=lambda lines: lines.task.theme)
    return [ThemeLines(theme.local_title, list(of_theme)) for theme, of_theme in by_theme]


def _row(line: Line, notes: Mapping[tuple[str, str], str], before: Mapping[int, Comments]) -> OverviewRow:
    requirement, answer = line.requirement, line.answer
    return OverviewRow(
        line=line,
        title=f"{line.reference} {requirement.local_text}",
        note=notes[requirement.kind, requirement.binding],
        value=answer_in_words(as_plain(value_of(requirement, answer))) if answer else "",
        files=line.files,
        progress=line.progress,
        before=before.get(requirement.pk),
    )


def content_of(lines: Iterable[Line]) -> dict[str, Any]:
    """As much of the content to sign as scores are reckoned from."""
    return rated((line.requirement, line.answer) for line in lines)
