"""Where a scope stands at the end of a day, in the detail that pictures need."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from plan.models import Plan, Task, Theme
from portal.accounts.enums import InstitutionKind
from portal.accounts.querysets import InstitutionQuerySet
from reports.cells import counts
from reports.progress.conditions import Condition, Lateness, condition_of
from reports.progress.figures import Figures, Progress, figures_by
from tasks.enums import CLOSED, AssignmentState

S = AssignmentState
AGES = (Lateness.DAYS_1_30, Lateness.DAYS_31_90, Lateness.DAYS_91_180, Lateness.DAYS_181)

REACHED_RULE = _(
    "各步为适用任务中至少走到这一步的项数：“已着手”不含未开始的；“已提交签署”为待签署、已报送和已验收；"
    "“已签署报送”为已报送和已验收。退回后回到“已着手”，撤回亦同。"
)
AGES_RULE = _("逾期天数自完成期限次日起算；已验收和不适用的不再计算逾期。")


class Pile(NamedTuple):
    """So many assignments of one task at one kind of institution, alike in state and lateness."""

    task: int
    kind: str
    lateness: int
    state: str
    number: int
    late: int

    @property
    def condition(self) -> Condition:
        return condition_of(self.state, self.lateness)


class Reached(NamedTuple):
    """How many came at least this far, and the states of those that stand right here."""

    label: str | Promise
    number: int
    standing: list[tuple[AssignmentState, int]]


# What each step of the way is called, and the states that stand on it.
STEPS = (
    (_("适用任务"), (S.NOT_STARTED,)),
    (_("已着手"), (S.IN_PROGRESS, S.RETURNED)),
    (_("已提交签署"), (S.AWAITING_SIGNATURE,)),
    (_("已签署报送"), (S.SUBMITTED,)),
    (_("已验收"), (S.ACCEPTED,)),
)


@dataclass(frozen=True)
class Position:
    day: datetime.date
    tasks: list[Task]
    piles: list[Pile]

    @cached_property
    def progress(self) -> Progress:
        cells = figures_by(((pile.task, pile.kind), pile.state, pile.number, pile.late) for pile in self.piles)
        return Progress(today=self.day, tasks=self.tasks, cells=cells)

    @property
    def figures(self) -> Figures:
        return self.progress.total

    @cached_property
    def conditions(self) -> dict[tuple[int, InstitutionKind], Counter[Condition]]:
        """By task and kind."""
        found: dict[tuple[int, InstitutionKind], Counter[Condition]] = {}
        for pile in self.piles:
            found.setdefault((pile.task, InstitutionKind(pile.kind)), Counter())[pile.condition] += pile.number
        return found

    @property
    def reached(self) -> list[Reached]:
        states = self.figures.states
        steps = [[(state, states[state]) for state in standing] for _label, standing in STEPS]
        numbers = [sum(number for _state, number in step) for step in steps]
        return [
            Reached(label, sum(numbers[n:]), step)
            for n, ((label, _standing), step) in enumerate(zip(STEPS, steps, strict=True))
        ]

    @property
    def ages_by_kind(self) -> dict[InstitutionKind, Counter[int]]:
        """How many are overdue by how much."""
        ages = self._ages(lambda pile: pile.kind)
        return {kind: ages[kind] for kind in self.progress.kinds if kind in ages}

    @property
    def ages_by_theme(self) -> dict[Theme, Counter[int]]:
        themes = {task.pk: task.theme_id for task in self.tasks}
        ages = self._ages(lambda pile: themes[pile.task])
        return {theme: ages[theme.pk] for theme in self.progress.themes if theme.pk in ages}

    def _ages(self, subject: Callable[[Pile], Hashable]) -> dict[Hashable, Counter[int]]:
        found: dict[Hashable, Counter[int]] = {}
        for pile in self.piles:
            if pile.lateness in AGES and pile.state not in CLOSED:
                found.setdefault(subject(pile), Counter())[pile.lateness] += pile.number
        return found


def position(
    institutions: InstitutionQuerySet, *, plan: Plan, day: datetime.date, theme: Theme | None = None
) -> Position:
    """As known at the end of the day, in three queries."""
    tasks = Task.objects.filter(plan=plan).select_related("theme").order_by("number")
    if theme:
        tasks = tasks.filter(theme=theme)
    found = counts(institutions, plan=plan, day=day, by=("task", "kind", "lateness"), theme=theme)
    return Position(day, list(tasks), [Pile(*key, state, number, late) for key, state, number, late in found])
