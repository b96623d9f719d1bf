"""What is counted of any set of assignments, what follows from it, and the rules as they are printed."""

from __future__ import annotations

import datetime
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from itertools import product
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from plan.models import Task, Theme
from portal.accounts.enums import InstitutionKind
from tasks.enums import EDITABLE, AssignmentState

S = AssignmentState

ACCEPTED_SHARE_RULE = _("验收率 = 已验收 ÷（任务总数 − 不适用），以百分比表示，四舍五入保留一位小数。")
OVERDUE_RULE = _("已逾期：完成期限已过（期限当日 24 时截止），且未验收、未认定不适用。")


@dataclass(frozen=True)
class Figures:
    """What is counted of any set of assignments."""

    states: Counter[str] = field(default_factory=Counter)
    overdue: int = 0

    @property
    def total(self) -> int:
        return self.states.total()

    @property
    def accepted(self) -> int:
        return self.states[S.ACCEPTED]

    @property
    def returned(self) -> int:
        return self.states[S.RETURNED]

    @property
    def not_applicable(self) -> int:
        return self.states[S.NOT_APPLICABLE]

    @property
    def waiting_for_review(self) -> int:
        """Signed, and not yet judged by a supervisor."""
        return self.states[S.SUBMITTED]

    @property
    def waiting_for_signature(self) -> int:
        return self.states[S.AWAITING_SIGNATURE]

    @property
    def editable(self) -> int:
        """In the hands of the institution's people: not started, in progress, or returned."""
        return sum(self.states[state] for state in EDITABLE)

    @property
    def applicable(self) -> int:
        return self.total - self.not_applicable

    @property
    def accepted_share(self) -> Decimal | None:
        """Accepted of those that apply, in percent, one decimal, half up; None when none applies."""
        return percent(self.accepted, self.applicable)

    @property
    def overdue_share(self) -> Decimal | None:
        """Overdue of those that apply, in percent, one decimal, half up; None when none applies."""
        return percent(self.overdue, self.applicable)

    @property
    def accepted_percent(self) -> str:
        return in_words(self.accepted_share)

    @property
    def overdue_percent(self) -> str:
        return in_words(self.overdue_share)


def summed(parts: Iterable[Figures]) -> Figures:
    """The figures of several sets together."""
    states: Counter[str] = Counter()
    overdue = 0
    for figures in parts:
        states.update(figures.states)
        overdue += figures.overdue
    return Figures(states, overdue)


def figures_by(counts: Iterable[tuple[Any, str, int, int]]) -> dict[Any, Figures]:
    """The figures of each key, from counts of (key, state, number, and how many of these are overdue)."""
    states: defaultdict[Any, Counter[str]] = defaultdict(Counter)
    overdue: Counter[Any] = Counter()
    for key, state, number, late in counts:
        states[key][state] += number
        overdue[key] += late
    return {key: Figures(of_key, overdue[key]) for key, of_key in states.items()}


def percent(part: int, whole: int) -> Decimal | None:
    if not whole:
        return None
    return (Decimal(part * 100) / whole).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)


def in_words(share: Decimal | None) -> str:
    """A share as it is printed; a dash where there is nothing to take a share of."""
    return "–" if share is None else f"{share}%"


class Line(NamedTuple):
    """The figures of one theme, kind, task, region or institution."""

    subject: Any
    figures: Figures


@dataclass(frozen=True)
class Progress:
    """Figures of a plan's assignments by task and kind of institution, and whatever adds up from them."""

    today: datetime.date
    tasks: list[Task]
    cells: Mapping[tuple[int, str], Figures]

    @cached_property
    def _sums(self) -> dict[tuple[int | None, str | None], Figures]:
        """By theme and kind; None stands for all themes, and for all kinds."""
        themes = {task.pk: task.theme_id for task in self.tasks}
        parts = defaultdict(list)
        for (task, kind), figures in self.cells.items():
            for key in product((themes[task], None), (kind, None)):
                parts[key].append(figures)
        return {key: summed(figures) for key, figures in parts.items()}

    @property
    def total(self) -> Figures:
        return self.of()

    @property
    def themes(self) -> list[Theme]:
        return list({task.theme_id: task.theme for task in self.tasks}.values())

    @property
    def kinds(self) -> list[InstitutionKind]:
        """The kinds that take part, in their usual order."""
        present = {kind for _task, kind in self.cells}
        return [kind for kind in InstitutionKind if kind in present]

    def of(self, theme: Theme | None = None, kind: InstitutionKind | None = None) -> Figures:
        return self._sums.get((theme and theme.pk, kind), Figures())

    @property
    def by_theme(self) -> list[Line]:
        return [Line(theme, self.of(theme=theme)) for theme in self.themes]

    @property
    def by_kind(self) -> list[Line]:
        return [Line(kind, self.of(kind=kind)) for kind in self.kinds]

    @property
    def by_task(self) -> list[Line]:
        return [
            Line(task, summed(figures for (pk, _kind), figures in self.cells.items() if pk == task.pk))
            for task in self.tasks
        ]
