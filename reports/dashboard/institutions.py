"""机构: where each institution stands in each task, the worst first, a page at a time."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.urls import reverse
from django.utils.translation import gettext as _

from plan.models import Task
from portal.accounts.models import Institution
from reports.dashboard.asked import Asked
from reports.dashboard.charts.marks import MARKS, Mark
from reports.dashboard.charts.matrix import Entry, matrix
from reports.dashboard.comparing import Change
from reports.links import tasks_url
from reports.progress import CONDITION_RULE, OVERDUE_RULE, Condition, Standing, standings, worst_first

# A picture holds so many marks, which keeps it under 60 kB, and nobody turns to a later page than the last.
MOST_MARKS, MOST_ROWS, LAST_PAGE = 375, 40, 50

C = Condition


class Line(NamedTuple):
    institution: Institution
    url: str
    now: list[Condition]
    then: list[Condition] | None

    @property
    def marks(self) -> list[Mark]:
        return [MARKS[condition] for condition in self.now]

    @property
    def overdue(self) -> Change:
        return Change(self.now.count(C.OVERDUE), None if self.then is None else self.then.count(C.OVERDUE), -1)

    @property
    def done(self) -> Change:
        return Change(self.now.count(C.DONE), None if self.then is None else self.then.count(C.DONE), 1)


def content(asked: Asked) -> dict[str, Any]:
    tasks = list(
        Task.objects.filter(plan=asked.plan, **({"theme": asked.theme} if asked.theme else {})).order_by("number")
    )
    number, size = _page(asked), min(MOST_ROWS, MOST_MARKS // max(len(tasks), 1))
    page = worst_first(asked.institutions, tasks=tasks, start=size * (number - 1), limit=size)
    now = standings(page.institutions, tasks=tasks, day=asked.day)
    then = standings(page.institutions, tasks=tasks, day=asked.before) if asked.before else None
    lines = [
        Line(
            institution,
            asked.link(institution=institution.pk),
            _along(institution, tasks, now),
            None if then is None else _along(institution, tasks, then),
        )
        for institution in page.institutions
    ]
    chart = matrix(
        title=_finding(lines),
        description=_description(asked),
        columns=[(str(task.number), f"{task.number} {task.local_title}") for task in tasks],
        rows=[
            (line.institution.local_name, line.url, [_entry(asked, line, n, task, now) for n, task in enumerate(tasks)])
            for line in lines
        ],
        labels=260,
        cell=(28, 34),
    )
    return {
        "chart": chart,
        "tasks": tasks,
        "lines": lines,
        "page_number": number,
        "has_next": page.has_next and number < LAST_PAGE,
        "is_last_of_many": page.has_next and number == LAST_PAGE,
        "rules": [CONDITION_RULE, OVERDUE_RULE],
    }


def _page(asked: Asked) -> int:
    text = asked.query.get("page", "")
    return min(max(int(text), 1), LAST_PAGE) if text.isascii() and text.isdigit() and len(text) < 5 else 1


def _along(institution: Institution, tasks: list[Task], known: dict[tuple[int, int], Standing]) -> list[Condition]:
    found = [known.get((institution.pk, task.pk)) for task in tasks]
    return [standing.condition if standing else C.NONE for standing in found]


def _entry(asked: Asked, line: Line, n: int, task: Task, now: dict[tuple[int, int], Standing]) -> Entry:
    standing = now.get((line.institution.pk, task.pk))
    condition, was = line.now[n], line.then[n] if line.then is not None else None
    if standing is None:
        return Entry(C.NONE, was, "", "")
    return Entry(condition, was, f"{task.number} {condition.label}", _url(asked, line, task, standing))


def _url(asked: Asked, line: Line, task: Task, standing: Standing) -> str:
    """The assignment, and as at a past day its row in the list of that day; as short as a picture of many needs it."""
    if asked.is_today:
        return reverse("tasks:detail", args=[standing.assignment])
    return tasks_url(asked.plan, at=asked.day, institution=line.institution.pk, task=task.number)


def _description(asked: Asked) -> str:
    if asked.is_today:
        return _("每行一家机构，每列一项任务，形状和颜色表示情况；点击格子打开该机构的这项任务。")
    return _("每行一家机构，每列一项任务，形状和颜色表示当日的情况；点击格子查看该机构的这项任务在当日的情况。")


def _finding(lines: list[Line]) -> str:
    late = [line for line in lines if line.overdue.now]
    if not late:
        return _("本页机构没有逾期的任务")
    worst = max(late, key=lambda line: line.overdue.now)
    return _("本页 %(late)s 家机构有逾期；最多的是%(name)s，%(number)s 项") % {
        "late": len(late),
        "name": worst.institution.local_name,
        "number": worst.overdue.now,
    }
