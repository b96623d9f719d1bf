"""How many assignments of a scope stood where on a day: what every figure of a large scope is added up from.

Groups of institutions (one kind in one region) that the reader sees whole are read from the tallies, however many
they are; of a group seen in part, the assignments or their facts themselves are counted. Both give the same.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.utils import timezone

from plan.models import Plan, Task, Theme
from portal.accounts.querysets import InstitutionQuerySet
from tasks.enums import CLOSED

# More than 30 days left, 30 or fewer, and 1–30, 31–90, 91–180, more than 180 days late: `progress.Lateness`.
LATENESS = "width_bucket(%(day)s - cell.deadline, ARRAY[-30, 1, 31, 91, 181])"
DIMENSIONS = {
    "task": "cell.task_id",
    "kind": "cell.kind",
    "region": "cell.region_id",
    "deadline": "cell.deadline",
    "lateness": LATENESS,
}

GROUPS = """
    SELECT institution.region_id, institution.kind, count(*) = count(seen.id)
    FROM accounts_institution institution LEFT JOIN ({seen}) seen ON seen.id = institution.id
    GROUP BY institution.region_id, institution.kind
    HAVING count(seen.id) > 0
"""
IN_GROUPS = """
    ({row}.region_id, {row}.kind) IN (SELECT * FROM unnest(%({which}_regions)s::bigint[], %({which}_kinds)s::text[]))
"""
TALLIED_NOW = "SELECT task_id, kind, region_id, state, deadline, number FROM reports_standing"
TALLIED_THEN = """
    SELECT task_id, kind, region_id, state, deadline, number
    FROM reports_openingbalance WHERE month = (SELECT month FROM opening)
    UNION ALL
    SELECT task_id, kind, region_id, state, deadline, change
    FROM reports_dailytally
    WHERE day >= COALESCE((SELECT month FROM opening), '-infinity') AND day <= %(until)s
"""
# A fact leaves one cell and enters another; an assignment's creation only enters one.
SIDES = """
    CROSS JOIN LATERAL (
        VALUES (fact.to_state, fact.to_deadline, 1), (NULLIF(fact.from_state, ''), fact.from_deadline, -1)
    ) AS side (state, deadline, change)
"""
NOT_COUNTED = f"""
    SELECT assignment.task_id, institution.kind, institution.region_id, side.state, side.deadline, side.change
    FROM tasks_assignmentchange fact
    JOIN tasks_assignment assignment ON assignment.id = fact.assignment_id
    JOIN accounts_institution institution ON institution.id = assignment.institution_id
    {SIDES}
    WHERE NOT fact.is_counted AND side.state IS NOT NULL
    AND (fact.at AT TIME ZONE 'Asia/Shanghai')::date <= %(until)s
"""  # noqa: S608 - constants
ROWS_NOW = """
    SELECT assignment.task_id, institution.kind, institution.region_id, assignment.state, assignment.deadline, 1
    FROM tasks_assignment assignment
    JOIN accounts_institution institution ON institution.id = assignment.institution_id
    WHERE institution.id IN ({seen}) AND {in_groups}
"""
ROWS_THEN = """
    SELECT fact.task_id, institution.kind, institution.region_id, fact.to_state, fact.to_deadline, 1
    FROM tasks_assignmentchange fact
    JOIN accounts_institution institution ON institution.id = fact.institution_id
    WHERE institution.id IN ({seen}) AND {in_groups}
    AND (fact.at AT TIME ZONE 'Asia/Shanghai')::date <= %(until)s
    AND (fact.until AT TIME ZONE 'Asia/Shanghai')::date > %(until)s
"""
COUNTED = """
    WITH opening AS MATERIALIZED (
        SELECT max(month) AS month FROM reports_openingbalance WHERE month <= %(until)s
    ), cell (task_id, kind, region_id, state, deadline, number) AS (
        SELECT * FROM ({tallied} UNION ALL {not_counted}) AS tallied WHERE {in_whole}
        UNION ALL
        ({rows})
    )
    SELECT {dimensions}, cell.state, sum(cell.number)::integer,
        COALESCE(sum(cell.number) FILTER (WHERE cell.deadline < %(day)s AND cell.state <> ALL(%(closed)s)), 0)::integer
    FROM cell JOIN plan_task task ON task.id = cell.task_id
    WHERE task.plan_id = %(plan)s AND (%(theme)s::bigint IS NULL OR task.theme_id = %(theme)s)
    AND (%(task)s::bigint IS NULL OR task.id = %(task)s)
    GROUP BY {dimensions}, cell.state
    HAVING sum(cell.number) <> 0
"""


class Count(NamedTuple):
    """`key` holds the dimensions asked for; `late` is how many of `number` were overdue on the day."""

    key: tuple[Any, ...]
    state: str
    number: int
    late: int


def counts(
    institutions: InstitutionQuerySet,
    *,
    plan: Plan,
    day: datetime.date,
    by: Sequence[str] = ("task", "kind"),
    theme: Theme | None = None,
    task: Task | None = None,
) -> list[Count]:
    """What was known of the institutions' assignments at the end of the day, in two queries.

    `institutions` came through `visible_to`; kind and region are those they have now. `by` names DIMENSIONS. Today
    means as things stand at this moment. With `theme`, its tasks only; with `task`, only that.
    """
    try:
        seen, groups = groups_of(institutions)
    except EmptyResultSet:
        return []
    is_now = day >= timezone.localdate()
    values: dict[str, Any] = {
        **groups,
        "plan": plan.pk,
        "theme": theme and theme.pk,
        "task": task and task.pk,
        "day": day,
        "until": datetime.date.max if is_now else day,
        "closed": [str(state) for state in CLOSED],
    }
    rows = ROWS_NOW if is_now else ROWS_THEN
    sql = COUNTED.format(
        tallied=TALLIED_NOW if is_now else TALLIED_THEN,
        not_counted=NOT_COUNTED,
        in_whole=IN_GROUPS.format(row="tallied", which="whole"),
        rows=rows.format(seen=seen, in_groups=IN_GROUPS.format(row="institution", which="partial")),
        dimensions=", ".join(DIMENSIONS[name] for name in by),
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [Count(tuple(key), state, number, late) for *key, state, number, late in cursor.fetchall()]


def groups_of(institutions: InstitutionQuerySet) -> tuple[str, dict[str, Any]]:
    """The ids of the institutions as SQL, and its parameters with those of IN_GROUPS, in one query."""
    seen, parameters = _seen(institutions)
    return seen, {**parameters, **_groups(seen, parameters)}


def _seen(institutions: InstitutionQuerySet) -> tuple[str, dict[str, Any]]:
    """The ids of the institutions as SQL, with parameters by name."""
    sql, parameters = institutions.order_by().values("id").query.sql_with_params()
    names = [f"seen_{number}" for number in range(len(parameters))]
    return sql % tuple(f"%({name})s" for name in names), dict(zip(names, parameters, strict=True))


def _groups(seen: str, parameters: dict[str, Any]) -> dict[str, list[Any]]:
    """Regions and kinds, side by side, of the groups that are seen whole, and of those seen in part."""
    found: dict[str, list[Any]] = {"whole_regions": [], "whole_kinds": [], "partial_regions": [], "partial_kinds": []}
    with connection.cursor() as cursor:
        cursor.execute(GROUPS.format(seen=seen), parameters)
        for region, kind, is_whole in cursor.fetchall():
            which = "whole" if is_whole else "partial"
            found[f"{which}_regions"].append(region)
            found[f"{which}_kinds"].append(kind)
    return found
