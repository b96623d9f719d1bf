"""How many assignments of a scope came into a state and left it, week by week: what a course over time is made of.

As in `reports.cells`, groups of institutions that the reader sees whole are read from the tallies, with the facts
that are not counted yet; of a group seen in part, the facts themselves.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.utils import timezone

from plan.models import Plan, Task, Theme
from portal.accounts.querysets import InstitutionQuerySet
from reports.cells import IN_GROUPS, groups_of

FACTS = """
    SELECT assignment.task_id, side.state, (fact.at AT TIME ZONE 'Asia/Shanghai')::date, side.change
    FROM tasks_assignmentchange fact
    JOIN tasks_assignment assignment ON assignment.id = fact.assignment_id
    JOIN accounts_institution institution ON institution.id = assignment.institution_id
    CROSS JOIN LATERAL (VALUES (fact.to_state, 1), (fact.from_state, -1)) AS side (state, change)
    WHERE {which} AND {in_groups} AND fact.to_state <> fact.from_state
"""
FLOWS = """
    WITH move (task_id, state, day, change) AS (
        SELECT task_id, state, day, change FROM reports_dailytally tallied
        WHERE state = ANY(%(states)s) AND day <= %(until)s AND {in_whole}
        UNION ALL
        ({uncounted})
        UNION ALL
        ({partial})
    )
    SELECT GREATEST((%(day)s - move.day) / 7, 0), move.state, sum(move.change)::integer
    FROM move JOIN plan_task task ON task.id = move.task_id
    WHERE move.state = ANY(%(states)s) AND move.day <= %(until)s
    AND task.plan_id = %(plan)s AND (%(theme)s::bigint IS NULL OR task.theme_id = %(theme)s)
    AND (%(task)s::bigint IS NULL OR task.id = %(task)s)
    GROUP BY 1, 2
"""


class Flow(NamedTuple):
    """By how many a state grew in a week; the week `weeks_ago` 0 ends with the day asked for."""

    weeks_ago: int
    state: str
    change: int


def flows(
    institutions: InstitutionQuerySet,
    *,
    plan: Plan,
    day: datetime.date,
    states: Sequence[str],
    theme: Theme | None = None,
    task: Task | None = None,
) -> list[Flow]:
    """What moved until the end of the day, in two queries; today means until this moment."""
    try:
        seen, groups = groups_of(institutions)
    except EmptyResultSet:
        return []
    values = {
        **groups,
        "plan": plan.pk,
        "theme": theme and theme.pk,
        "task": task and task.pk,
        "day": day,
        "until": datetime.date.max if day >= timezone.localdate() else day,
        "states": [str(state) for state in states],
    }
    whole = IN_GROUPS.format(row="institution", which="whole")
    partial = IN_GROUPS.format(row="institution", which="partial")
    sql = FLOWS.format(
        in_whole=IN_GROUPS.format(row="tallied", which="whole"),
        uncounted=FACTS.format(which="NOT fact.is_counted", in_groups=whole),
        partial=FACTS.format(which=f"institution.id IN ({seen})", in_groups=partial),
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [Flow(*row) for row in cursor.fetchall()]
