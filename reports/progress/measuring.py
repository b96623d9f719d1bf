"""Counting: of a few institutions over their rows, of a scope over the tallies, today or as at a past day."""

from __future__ import annotations

import datetime

from django.db.models import Count

from plan.models import Plan, Task, Theme
from portal.accounts.models import Region
from portal.accounts.querysets import InstitutionQuerySet
from reports.cells import counts
from reports.progress.figures import Line, Progress, figures_by
from tasks.querysets import StandingQuerySet, past_deadline


def measure(assignments: StandingQuerySet, *, plan: Plan, today: datetime.date) -> Progress:
    """The plan's progress over those assignments, row by row, in two queries: for what one institution has."""
    rows = assignments.of_plan(plan).order_by()
    late = past_deadline(today, rows.state_field, rows.deadline_field)
    counted = rows.values_list(f"{rows.path}task", f"{rows.path}institution__kind", rows.state_field).annotate(
        number=Count("pk"), late=Count("pk", filter=late)
    )
    cells = figures_by(((task, kind), state, number, late) for task, kind, state, number, late in counted)
    return Progress(today=today, tasks=_tasks(plan), cells=cells)


def measure_scope(
    institutions: InstitutionQuerySet, *, plan: Plan, day: datetime.date, task: Task | None = None
) -> Progress:
    """The plan's progress, or one task's, over all that the institutions have, as known at the end of the day.

    In three queries.
    """
    cells = figures_by(counts(institutions, plan=plan, day=day, by=("task", "kind"), task=task))
    return Progress(today=day, tasks=[task] if task else _tasks(plan), cells=cells)


def by_region(
    institutions: InstitutionQuerySet,
    *,
    plan: Plan,
    day: datetime.date,
    theme: Theme | None = None,
    task: Task | None = None,
) -> list[Line]:
    """One line for each region that has an institution with a task in it, in three queries."""
    found = figures_by(counts(institutions, plan=plan, day=day, by=("region",), theme=theme, task=task))
    regions = Region.objects.filter(pk__in=[pk for (pk,) in found])
    return [Line(region, found[region.pk,]) for region in regions]


def _tasks(plan: Plan) -> list[Task]:
    return list(Task.objects.filter(plan=plan).select_related("theme").order_by("number"))
