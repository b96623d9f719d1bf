"""Institutions one by one, a page of them at a time: which are worst, and where each stands in each task."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.db.models import Count, Q
from django.utils import timezone

from plan.models import Task
from portal.accounts.models import Institution
from portal.accounts.querysets import InstitutionQuerySet
from reports.progress.conditions import Condition, Lateness, condition_of
from tasks.enums import AssignmentState
from tasks.models import Assignment, AssignmentChange
from tasks.querysets import past_deadline

# The least days late of each stage, beginning with the second; a negative number is days left.
STAGES = (-30, 1, 31, 91, 181)


def lateness_of(deadline: datetime.date, day: datetime.date) -> Lateness:
    """As `reports.cells.LATENESS` counts it."""
    late = (day - deadline).days
    return Lateness(sum(late >= least for least in STAGES))


class Page(NamedTuple):
    institutions: list[Institution]
    has_next: bool


def worst_first(institutions: InstitutionQuerySet, *, tasks: Sequence[Task], start: int, limit: int) -> Page:
    """Those with most overdue today first; who has none of the tasks is left out. In two queries."""
    applies = ~Q(state=AssignmentState.NOT_APPLICABLE)
    ranked = (
        Assignment.objects.filter(institution__in=institutions.order_by(), task__in=[task.pk for task in tasks])
        .order_by()
        .values_list("institution")
        .annotate(late=Count("pk", filter=past_deadline(timezone.localdate())), applicable=Count("pk", filter=applies))
        .order_by("-late", "-applicable", "institution")[start : start + limit + 1]
    )
    found = [pk for pk, *_counts in ranked]
    rows = Institution.objects.select_related("region").in_bulk(found[:limit])
    return Page([rows[pk] for pk in found[:limit]], len(found) > limit)


class Standing(NamedTuple):
    """One assignment on a day."""

    assignment: int
    condition: Condition


def standings(
    institutions: Sequence[Institution], *, tasks: Sequence[Task], day: datetime.date
) -> dict[tuple[int, int], Standing]:
    """By institution and task, as known at the end of the day: a past one from the facts. In one query."""
    known = _then(institutions, tasks, day) if day < timezone.localdate() else _now(institutions, tasks)
    return {
        (institution, task): Standing(pk, condition_of(state, lateness_of(deadline, day)))
        for pk, institution, task, state, deadline in known
    }


def _now(institutions: Sequence[Institution], tasks: Sequence[Task]) -> Iterable[tuple]:
    rows = Assignment.objects.filter(institution__in=institutions, task__in=tasks).order_by()
    return rows.values_list("pk", "institution", "task", "state", "deadline")


def _then(institutions: Sequence[Institution], tasks: Sequence[Task], day: datetime.date) -> Iterable[tuple]:
    changes = AssignmentChange.objects.filter(institution__in=institutions, task__in=tasks)
    return changes.last_by(day).order_by().values_list("assignment", "institution", "task", "to_state", "to_deadline")
