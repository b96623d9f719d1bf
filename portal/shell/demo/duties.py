"""What each kind of institution owes for each task of the plan, read once for all of them."""

from __future__ import annotations

import datetime
import random
from dataclasses import dataclass
from decimal import Decimal

from plan.enums import PART_LEVELS, Part
from plan.models import Plan, Requirement, Task
from portal.accounts.enums import InstitutionKind


@dataclass(frozen=True)
class Demand:
    """A requirement, as far as an answer to it goes."""

    pk: int
    reference: str
    text: str
    kind: str
    unit: str
    binding: str
    weight: Decimal
    criteria: tuple[str, ...]


@dataclass(frozen=True)
class Duty:
    """One task for one kind of institution. `task` and `theme_id` are keys; `difficulty` is 0 to 1."""

    task: int
    number: int
    title: str
    theme: int
    theme_id: int
    weight: Decimal
    part: str
    deadline: datetime.date
    is_official: bool
    demands: tuple[Demand, ...]
    difficulty: float


def duties_of(plan: Plan, rng: random.Random) -> dict[str, list[Duty]]:
    """By kind of institution, in the plan's order."""
    tasks = list(plan.tasks.select_related("theme").order_by("number").prefetch_related("requirements", "schedules"))
    difficulties = {task.pk: rng.betavariate(3, 3) for task in tasks}
    return {kind.value: [_duty(task, kind, difficulties[task.pk]) for task in tasks] for kind in InstitutionKind}


def _duty(task: Task, kind: InstitutionKind, difficulty: float) -> Duty:
    requirements = list(task.requirements.all())
    part = Part.for_institution(kind, {requirement.level for requirement in requirements})
    schedule = task.schedule_for(kind)
    if schedule is None:
        raise LookupError(f"task {task.number} has no deadline for {kind}")
    demands = tuple(_demand(task, r) for r in requirements if r.level in PART_LEVELS[part])
    return Duty(
        task=task.pk,
        number=task.number,
        title=task.title,
        theme=task.theme.number,
        theme_id=task.theme_id,
        weight=task.weight,
        part=part.value,
        deadline=schedule.due_on,
        is_official=schedule.is_official,
        demands=demands,
        difficulty=difficulty,
    )


def _demand(task: Task, requirement: Requirement) -> Demand:
    return Demand(
        pk=requirement.pk,
        reference=f"{task.number}.{requirement.number}",
        text=requirement.text,
        kind=requirement.kind,
        unit=requirement.unit,
        binding=requirement.binding,
        weight=requirement.weight,
        criteria=tuple(criterion["zh"] for criterion in requirement.criteria),
    )
