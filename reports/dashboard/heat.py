"""热力图: every task at every kind of institution."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from plan.models import Task
from portal.accounts.enums import InstitutionKind
from reports.charts import Link, no_link
from reports.dashboard.asked import Asked
from reports.dashboard.charts.marks import MARKS, Mark
from reports.dashboard.charts.matrix import Entry, Matrix, matrix
from reports.enums import ReportKind
from reports.permissions import kinds_for
from reports.progress import CONDITIONS_RULE, OVERDUE_RULE, Condition, Position, condition_among, in_words, percent

C = Condition


class Square(NamedTuple):
    """A task at a kind, or at all where `kind` is None, then and now."""

    task: Task
    kind: InstitutionKind | None
    now: Counter[Condition]
    then: Counter[Condition] | None

    @property
    def condition(self) -> Condition:
        return condition_among(self.now)

    @property
    def was(self) -> Condition | None:
        return None if self.then is None else condition_among(self.then)

    @property
    def mark(self) -> Mark:
        return MARKS[self.condition]

    @property
    def mark_then(self) -> Mark | None:
        return MARKS[self.was] if self.was else None

    @property
    def overdue(self) -> int:
        return self.now[C.OVERDUE]

    @property
    def overdue_then(self) -> int | None:
        return None if self.then is None else self.then[C.OVERDUE]

    @property
    def applicable(self) -> int:
        return self.now.total() - self.now[C.NONE]

    @property
    def accepted_share(self) -> Decimal | None:
        return percent(self.now[C.DONE], self.applicable)

    @property
    def done(self) -> str:
        return in_words(self.accepted_share)


class TaskMatrix(NamedTuple):
    """Every task at every kind of institution, the sum of kinds last: as rows of squares, and drawn."""

    columns: list[str]
    lines: list[tuple[Task, list[Square]]]
    chart: Matrix


def content(asked: Asked) -> dict[str, Any]:
    found = task_matrix(asked.now, asked.then, asked.link)
    return {
        "figures": asked.now.figures,
        "rules": [CONDITIONS_RULE, OVERDUE_RULE],
        "may_report": ReportKind.TASK in kinds_for(asked.membership),
        **found._asdict(),
    }


def task_matrix(
    now: Position,
    then: Position | None = None,
    link: Link = no_link,
    *,
    labels: int = 240,
    cell: tuple[int, int] = (124, 36),
) -> TaskMatrix:
    """`link(task=…, kind=…, overdue=1)` gives the address of the list behind a square."""
    kinds: list[InstitutionKind | None] = [*now.progress.kinds, None]
    lines = [(task, _squares(now, then, task, kinds)) for task in now.tasks]
    names = [str(kind.label) if kind else _("合计") for kind in kinds]
    chart = matrix(
        title=_finding([square for _task, squares in lines for square in squares[:-1]]),
        description=_("每行一项任务，每列一类机构；格内为逾期项数和验收率，形状和颜色表示情况。"),
        columns=[(name, name) for name in names],
        rows=[
            (
                f"{task.number} {task.local_title}",
                link(task=task.number),
                [_entry(link, square) for square in squares],
            )
            for task, squares in lines
        ],
        labels=labels,
        cell=cell,
    )
    return TaskMatrix(names, lines, chart)


def _name(task: Task) -> str:
    return f"{task.number} {task.local_title}"


def _squares(now: Position, then: Position | None, task: Task, kinds: list[InstitutionKind | None]) -> list[Square]:
    here, before = _along(now, task, kinds), _along(then, task, kinds) if then else None
    return [Square(task, kind, here[n], before[n] if before else None) for n, kind in enumerate(kinds)]


def _along(position: Position, task: Task, kinds: list[InstitutionKind | None]) -> list[Counter[Condition]]:
    """One for each kind, and their sum where it is None."""
    found = {kind: position.conditions.get((task.pk, kind), Counter()) for kind in kinds if kind}
    return [found[kind] if kind else sum(found.values(), Counter()) for kind in kinds]


def _entry(link: Link, square: Square) -> Entry:
    name = f"{square.task.number} {square.kind.label}" if square.kind else f"{square.task.number} {_('合计')}"
    words = {
        "name": name,
        "condition": square.condition.label,
        "overdue": f"{square.overdue:,}",
        "total": f"{square.applicable:,}",
        "share": square.done,
    }
    if not square.applicable:
        return Entry(square.condition, None, _("%(name)s：%(condition)s") % words, "")
    title = _("%(name)s：%(condition)s %(overdue)s/%(total)s，验收 %(share)s") % words
    if square.was not in (None, square.condition):
        title += _("；对比日%(was)s") % {"was": square.was.label}
    filters: dict[str, Any] = {"task": square.task.number}
    if square.kind:
        filters["kind"] = square.kind.value
    if square.overdue:
        filters["overdue"] = 1
    return Entry(square.condition, square.was, title, link(**filters), f"{square.overdue:,} · {square.done}")


def _finding(squares: list[Square]) -> str:
    red = [square for square in squares if square.condition == C.OVERDUE]
    if not red:
        return _("没有红色的格子")
    worst = max(red, key=lambda square: square.overdue)
    return _("%(red)s 格为红；逾期最多的是任务 %(task)s·%(kind)s，%(overdue)s 项") % {
        "red": len(red),
        "task": worst.task.number,
        "kind": worst.kind.label if worst.kind else "",
        "overdue": f"{worst.overdue:,}",
    }
