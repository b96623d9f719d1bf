"""The list of assignments as at the end of a past day: its rows are facts, shown as the assignments they tell of."""

from __future__ import annotations

from dataclasses import replace

from reports.explorer.assignment_filters import PastAssignmentFilter
from reports.explorer.subjects import Listed
from tasks.models import AssignmentChange
from tasks.past import as_it_was

ASSIGNMENT = "assignment"


def in_the_past(listed: Listed) -> Listed:
    """The same list for a past day, with nothing to be done from it."""
    return replace(
        listed,
        rows=lambda reader: AssignmentChange.objects.visible_to(reader.user, acting=reader.membership),
        filterset=PastAssignmentFilter,
        columns=[replace(column, joins=_joins(column.joins)) for column in listed.columns],
        orders={"deadline": ("to_deadline", "until", "pk"), "task": ("task_id", "to_deadline", "until", "pk")},
        joins=_joins(listed.joins),
        shown=as_it_was,
        bulk=(),
    )


def _joins(joins: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{ASSIGNMENT}__{join}" for join in joins)
