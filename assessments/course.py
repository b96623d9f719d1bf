"""The course of a rectification: who said what, with which files, and which deadlines held."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from assessments.enums import StepKind
from assessments.models import Rectification, RectificationStep
from tasks.models import Evidence


@dataclass(frozen=True)
class Stage:
    """One step. `old_deadline` is set where the step put another in its place."""

    step: RectificationStep
    files: list[Evidence]
    old_deadline: datetime.date | None

    @property
    def is_answer(self) -> bool:
        """The institution's own; every other step is the authority's."""
        return self.step.kind == StepKind.ANSWERED


def course_of(rectification: Rectification) -> list[Stage]:
    """All stages, the oldest first, in two queries."""
    stages: list[Stage] = []
    for step in rectification.steps.order_by("pk").select_related("by").prefetch_related("evidence"):
        before = stages[-1].step.deadline if stages else step.deadline
        old_deadline = before if before != step.deadline else None
        stages.append(Stage(step, list(step.evidence.all()), old_deadline))
    return stages
