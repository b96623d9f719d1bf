"""How far the work is by theme, what is late and what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from plan.models import Plan, Theme
from reports import progress
from reports.profile.seen import Seen
from reports.progress.of_institution import Files, Scheduled, schedule_by_theme
from tasks.models import Assignment

SHOWN = 6


class ThemeRow(NamedTuple):
    theme: Theme
    figures: progress.Figures
    scheduled: Scheduled
    files: int
    url: str


@dataclass(frozen=True)
class Work:
    figures: progress.Figures
    due: int
    themes: list[ThemeRow]
    overdue: list[progress.Late]
    nearest: list[Assignment]


def work_of(seen: Seen, plan: Plan, files: Files) -> Work:
    measured = progress.measure(seen.assignments, plan=plan, today=seen.day)
    schedule = schedule_by_theme(seen.assignments, plan=plan, today=seen.day)
    return Work(
        figures=measured.total,
        due=sum(scheduled.due for scheduled in schedule.values()),
        themes=[
            ThemeRow(
                theme,
                figures,
                schedule[theme.pk],
                files.by_theme.get(theme.pk, 0),
                seen.tasks_url(theme=theme.number),
            )
            for theme, figures in measured.by_theme
            if figures.total
        ],
        overdue=progress.overdue_list(seen.assignments, plan=plan, today=seen.day, limit=SHOWN),
        nearest=progress.nearest_deadlines(seen.assignments, plan=plan, today=seen.day, limit=SHOWN),
    )
