"""Rolling out a plan to 25,000 institutions against a bare `INSERT … SELECT` of the same rows."""

from __future__ import annotations

import random

from django.db import connection, transaction

from plan.actions import load_plan
from plan.loader import read_plan_file
from plan.models import Plan
from portal.accounts.models import Institution
from portal.shell.demo.bodies import World
from portal.shell.demo.load import PLAN_FILE
from tasks.models import Assignment
from tasks.rollout import roll_out
from tests.bench.databases import LARGE, Bench
from tests.bench.figures import figure
from tests.bench.timing import interleaved, seconds

TABLE = Assignment._meta.db_table
COLUMNS = ", ".join(
    connection.ops.quote_name(field.column) for field in Assignment._meta.concrete_fields if not field.primary_key
)


@figure("rollout_25k", unit="×", at_most=2)
def rollout_25k(bench: Bench) -> float:
    """25 tasks for 25,000 institutions over the bare insert into the same empty table, both with their commit."""
    with bench.using(bench.empty()):
        plan = _institutions_and_plan()
        _emptied()
        roll_out(plan=plan, by=None)
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE IF EXISTS ready; CREATE TABLE ready AS SELECT {COLUMNS} FROM {TABLE}")
            cursor.execute("ANALYZE ready")
        taken = interleaved({"roll-out": lambda: _action(plan), "bare insert": _bare}, rounds=3, warm_up=0)
        _emptied()
    bench.say(f"  {taken}")
    return taken.ratio("roll-out", "bare insert")


def _institutions_and_plan() -> Plan:
    with transaction.atomic():
        plan = load_plan(file=read_plan_file(PLAN_FILE)).plan
        if not Institution.objects.exists():
            World(institutions=LARGE, rng=random.Random(1), password="unused")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return plan


def _emptied() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {TABLE} CASCADE")
        cursor.execute("CHECKPOINT")


def _action(plan: Plan) -> float:
    _emptied()
    return seconds(lambda: roll_out(plan=plan, by=None))


def _bare() -> float:
    _emptied()

    @transaction.atomic
    def insert() -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO {TABLE} ({COLUMNS}) SELECT {COLUMNS} FROM ready")

    return seconds(insert)
