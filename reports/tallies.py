"""Derive the tallies from the facts: a little at a time as facts come in, or all of it anew.

Both give the same rows, and a reader who adds what is not counted yet to the tallies is exact at any moment: counting
marks the facts and adds them up in one statement (docs/adr/0014).
"""

from __future__ import annotations

import datetime

from django.db import connection, transaction
from django.utils import timezone

from reports.cells import SIDES
from reports.models import DailyTally, OpeningBalance, Standing
from tasks.models import AssignmentChange

COUNTING_LOCK = 7406  # advisory: one at a time counts, opens a month, or rebuilds

# A change back within the day is none.
MOVES = """
    SELECT (fact.at AT TIME ZONE 'Asia/Shanghai')::date AS day, assignment.task_id, institution.kind,
        institution.region_id, side.state, side.deadline, sum(side.change) AS change
    FROM {facts} fact
    JOIN tasks_assignment assignment ON assignment.id = fact.assignment_id
    JOIN accounts_institution institution ON institution.id = assignment.institution_id
    {sides}
    WHERE side.state IS NOT NULL
    GROUP BY day, assignment.task_id, institution.kind, institution.region_id, side.state, side.deadline
    HAVING sum(side.change) <> 0
"""
CELL = "task_id, kind, region_id, state, deadline"
COUNTED = "(SELECT * FROM tasks_assignmentchange WHERE is_counted)"
COUNT = f"""
    WITH taken AS (
        UPDATE tasks_assignmentchange SET is_counted = true WHERE NOT is_counted RETURNING *
    ), moves AS MATERIALIZED (
        {MOVES.format(sides=SIDES, facts="taken")}
    ), daily AS (
        INSERT INTO reports_dailytally (day, {CELL}, change)
        SELECT day, {CELL}, change FROM moves
        ON CONFLICT (day, {CELL}) DO UPDATE SET change = reports_dailytally.change + EXCLUDED.change
    ), standing AS (
        INSERT INTO reports_standing ({CELL}, number)
        SELECT {CELL}, sum(change) FROM moves GROUP BY {CELL}
        ON CONFLICT ({CELL}) DO UPDATE SET number = reports_standing.number + EXCLUDED.number
    ), opening AS (
        -- What is counted late, such as at midnight on the first, belongs into the balances after its day.
        INSERT INTO reports_openingbalance (month, {CELL}, number)
        SELECT later.month::date, {CELL}, sum(change)
        FROM moves CROSS JOIN LATERAL generate_series(
            date_trunc('month', day) + interval '1 month',
            (SELECT max(month) FROM reports_openingbalance),
            interval '1 month'
        ) AS later (month)
        GROUP BY later.month, {CELL}
        ON CONFLICT (month, {CELL}) DO UPDATE SET number = reports_openingbalance.number + EXCLUDED.number
    )
    SELECT count(*) FROM taken
"""  # noqa: S608 - constants
COUNT_ANEW = f"""
    INSERT INTO reports_dailytally (day, {CELL}, change)
    SELECT day, {CELL}, change FROM ({MOVES.format(sides=SIDES, facts=COUNTED)}) AS moves
"""  # noqa: S608 - constants
STAND_ANEW = f"""
    INSERT INTO reports_standing ({CELL}, number)
    SELECT {CELL}, sum(change) FROM reports_dailytally GROUP BY {CELL} HAVING sum(change) <> 0
"""  # noqa: S608 - constants
OPEN_MONTH = f"""
    INSERT INTO reports_openingbalance (month, {CELL}, number)
    SELECT %(month)s, {CELL}, sum(number)
    FROM (
        SELECT {CELL}, number FROM reports_openingbalance WHERE month = %(before)s
        UNION ALL
        SELECT {CELL}, change FROM reports_dailytally WHERE day >= %(before)s AND day < %(month)s
    ) AS cell
    GROUP BY {CELL}
    HAVING sum(number) <> 0
"""  # noqa: S608 - constants
DIFFERENCES = f"""
    WITH moves AS ({MOVES.format(sides=SIDES, facts=COUNTED)}),
    kept AS (SELECT day, {CELL}, change::bigint FROM reports_dailytally WHERE change <> 0)
    SELECT count(*) FROM (
        (SELECT day, {CELL}, change FROM moves EXCEPT SELECT * FROM kept)
        UNION ALL
        (SELECT * FROM kept EXCEPT SELECT day, {CELL}, change FROM moves)
    ) AS other
"""  # noqa: S608 - constants


@transaction.atomic
def count_changes() -> int:
    """Take the facts that are not counted yet into the tallies; returns how many they were."""
    _one_at_a_time()
    with connection.cursor() as cursor:
        cursor.execute(COUNT)
        (counted,) = cursor.fetchone()
    Standing.objects.filter(number=0).delete()
    _open_months()
    return counted


@transaction.atomic
def rebuild() -> int:
    """Throw all tallies away and derive them from every fact; returns how many facts there are."""
    _one_at_a_time()
    for model in (DailyTally, Standing, OpeningBalance):
        model.objects.all().delete()
    AssignmentChange.objects.filter(is_counted=False).update(is_counted=True)
    with connection.cursor() as cursor:
        cursor.execute(COUNT_ANEW)
        cursor.execute(STAND_ANEW)
    _open_months()
    return AssignmentChange.objects.filter(is_counted=True).count()


def differences() -> int:
    """How many daily tallies are not what the counted facts give: none, unless somebody wrote into a table by hand."""
    with connection.cursor() as cursor:
        cursor.execute(DIFFERENCES)
        return cursor.fetchone()[0]


def _one_at_a_time() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [COUNTING_LOCK])


def _open_months() -> None:
    """The balances of the months since the last that has some."""
    newest = OpeningBalance.objects.order_by("-month").values_list("month", flat=True).first()
    newest = newest or DailyTally.objects.order_by("day").values_list("day", flat=True).first()
    if newest is None:
        return
    before, today = newest.replace(day=1), timezone.localdate()
    while (month := _next_month(before)) <= today:
        with connection.cursor() as cursor:
            cursor.execute(OPEN_MONTH, {"before": before, "month": month})
        before = month


def _next_month(first: datetime.date) -> datetime.date:
    return (first + datetime.timedelta(days=32)).replace(day=1)
