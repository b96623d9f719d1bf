"""The whole demo, in one transaction."""

from __future__ import annotations

import random
from collections.abc import Callable

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from plan.actions import load_plan
from plan.loader import read_plan_file
from portal.accounts.models import User
from portal.audit.actions import record
from portal.notices.reminders.planning import plan_all
from portal.shell.demo.bodies import World
from portal.shell.demo.cycles import open_cycles
from portal.shell.demo.deadlines import set_deadlines
from portal.shell.demo.doing import Doing
from portal.shell.demo.duties import duties_of
from portal.shell.demo.extending import write_extension
from portal.shell.demo.extracts import write_extracts
from portal.shell.demo.files import store_documents
from portal.shell.demo.judging import Judging
from portal.shell.demo.moments import DAY, STARTED, at
from portal.shell.demo.tables import Tables
from portal.shell.demo.unchecked import unchecked
from portal.shell.demo.urging import settle_failures, write_urgings
from portal.shell.demo.works import Works
from reports.tallies import rebuild

PLAN_FILE = settings.BASE_DIR / "plan/library/csf-2014.yaml"
# Today falls into the fifth of the plan's six years, whose dates in the file begin with 2015.
FIFTH_YEAR = 2019
ROLLED_OUT_AFTER = 40 * DAY
BATCH = 500
# Beyond these many institutions nobody is told of anything, and documents are not read: more of it shows nothing new.
MOST_TOLD = 1000


class NotEmpty(Exception):
    """The database already has people: the demo is for an empty portal."""


@transaction.atomic
def load(*, institutions: int, seed: int, say: Callable[[str], None]) -> None:
    """Fill an empty database. Deterministic for a seed and a day. Raises NotEmpty."""
    if User.objects.exists():
        raise NotEmpty
    today, rng = timezone.localdate(), random.Random(f"demo:{seed}")  # noqa: S311 - invented data
    with connection.cursor() as cursor:
        # No row may wait for the commit to be checked while tables are altered.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    say(f"{institutions} institutions and their people")
    world = World(institutions=institutions, rng=rng, password=settings.DEMO_PASSWORD)
    say("Plan and deadlines")
    plan = load_plan(file=read_plan_file(PLAN_FILE), shift_years=today.year - FIFTH_YEAR).plan
    set_deadlines(plan=plan, today=today, rng=rng, by=world.lead)
    say("Documents")
    documents = store_documents()
    cycles = open_cycles(plan=plan, today=today, by=world.lead)
    tables = Tables()
    rolled_out_at = at(plan.starts_on + ROLLED_OUT_AFTER, STARTED, rng)
    works = Works(
        world=world,
        duties=duties_of(plan, rng),
        doing=Doing(tables=tables, plan=plan.slug, documents=documents, created_at=rolled_out_at),
        cycles=[Judging(tables, cycle) for cycle in cycles],
        today=today,
        seed=seed,
    )
    with unchecked([table.model for table in tables.all()]):
        _write(works, tables, say)
    if institutions <= MOST_TOLD:
        say("More time")
        write_extension(today=today, by=world.lead)
    say("Tallies")
    rebuild()
    record(action="demo.loaded", by=None, data={"institutions": institutions, "seed": seed, "day": today})
    if institutions <= MOST_TOLD:
        say("Texts of documents")
        write_extracts(documents)
        say("Reminders and messages")
        write_urgings(today=today, rng=rng)
        plan_all(today=today)
        settle_failures(rng=rng)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _write(works: Works, tables: Tables, say: Callable[[str], None]) -> None:
    bodies = works.world.bodies
    for start in range(0, len(bodies), BATCH):
        for body in bodies[start : start + BATCH]:
            works.write(body)
        tables.flush()
        say(f"Work of {min(start + BATCH, len(bodies))} of {len(bodies)} institutions")
    say("Indexes")
