"""A morning's reminders of 625,000 assignments against the same statement, run bare."""

from __future__ import annotations

from django.db import connection, transaction
from django.utils import timezone

from portal.notices.reminders.planning import plan_reminders, planning_of
from tasks.reminders import ASSIGNMENTS
from tests.bench.databases import LARGE, Bench
from tests.bench.figures import figure
from tests.bench.timing import interleaved, seconds


@figure("plan_reminders_625k", unit="×", at_most=2)
def plan_reminders_625k(bench: Bench) -> float:
    """Planning the reminders of 625,000 assignments, their notices, deliveries and audit record written, over the
    same statement sent through the driver; each in a transaction that is rolled back.
    """
    today = timezone.localdate()
    with bench.using(bench.demo(LARGE)):
        statement, values = planning_of(ASSIGNMENTS, today)
        told: dict[str, int] = {}

        def planned() -> float:
            return _rolled_back(lambda: told.update(plan_reminders(ASSIGNMENTS, today=today)))

        def bare() -> float:
            return _rolled_back(lambda: _executed(statement, values))

        taken = interleaved({"plan_reminders": planned, "bare statement": bare}, rounds=5, warm_up=1)
    bench.say(f"  {sum(told.values())} notices: {taken}")
    return taken.ratio("plan_reminders", "bare statement")


def _rolled_back(run) -> float:
    with transaction.atomic():
        taken = seconds(run)
        transaction.set_rollback(True)
    return taken


def _executed(statement: str, values: dict) -> None:
    with connection.connection.cursor() as cursor:
        cursor.execute(statement, values)
        cursor.fetchall()
