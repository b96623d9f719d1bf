"""A score laid out for the page that explains it: each theme, task and requirement with its weight and value."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from assessments.scores import Mean, RequirementScore, Scores, TaskScore, Treatment
from assessments.signed import SignedRequirement, SignedTask


@dataclass(frozen=True)
class RequirementLine:
    shown: SignedRequirement
    score: RequirementScore

    @property
    def is_rated(self) -> bool:
        return self.score.treatment == Treatment.RATED


@dataclass(frozen=True)
class TaskLine:
    title: str
    score: TaskScore
    requirements: list[RequirementLine]


@dataclass(frozen=True)
class ThemeLine:
    """`weight` is that of its tasks which have a score."""

    number: int
    title: str
    mean: Mean
    tasks: list[TaskLine]

    @property
    def value(self) -> Fraction | None:
        return self.mean.value

    @property
    def anchor(self) -> str:
        return f"theme-{self.number}"


def lines_of(tasks: list[SignedTask], scores: Scores) -> list[ThemeLine]:
    """The themes in the content's order, over tasks that `read_content` read from the same content."""
    shown = {task.number: task for task in tasks}
    laid_out: dict[int, list[TaskLine]] = {}
    for task in scores.tasks:
        if task.theme is not None and task.number in shown:
            laid_out.setdefault(task.theme, []).append(_task(shown[task.number], task))
    titles = {task.theme: shown[task.number].theme for task in scores.tasks if task.number in shown}
    return [ThemeLine(number, titles[number], scores.themes[number], of_theme) for number, of_theme in laid_out.items()]


def _task(shown: SignedTask, score: TaskScore) -> TaskLine:
    pairs = zip(shown.requirements, score.requirements, strict=True)
    return TaskLine(shown.title, score, [RequirementLine(*pair) for pair in pairs])
