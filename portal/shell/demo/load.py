"""The whole demo, in one transaction."""

from __future__ import annotations

import datetime
import random
from collections.abc import Callable

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from plan.actions import load_plan
from plan.loader import read_plan_file
from plan.models import Plan
from portal.accounts.models import User
from portal.audit.actions import record
from portal.shell.demo.bodies import Body, World
from portal.shell.demo.deadlines import set_deadlines
from portal.shell.demo.doing import Doing, Tables
from portal.shell.demo.duties import Duty, duties_of
from portal.shell.demo.files import store_documents
from portal.shell.demo.moments import DAY, STARTED, at
from portal.shell.demo.stories import chance, tell
from portal.shell.demo.trail import Trail
from tasks.enums import AssignmentState as S

PLAN_FILE = settings.BASE_DIR / "plan/library/csf-2014.yaml"
# Today falls into the fifth of the plan's six years, whose dates in the file begin with 2015.
FIFTH_YEAR = 2019
# So many institutions leave an audit trail of every step; for the others one record says that they are invented.
WITH_TRAIL = 60
BATCH = 500

# Where the README's story begins, by days from today to the deadline of a task.
BEGINNINGS = {
    "sec01": {-21: S.RETURNED, -7: S.SUBMITTED, 0: S.IN_PROGRESS, 1: S.RETURNED, 7: S.AWAITING_SIGNATURE},
    "fut01": {-7: S.RETURNED, 0: S.AWAITING_SIGNATURE, 1: S.SUBMITTED, 7: S.IN_PROGRESS},
}
for _story in BEGINNINGS.values():
    _story |= {30: S.IN_PROGRESS, 14: S.SUBMITTED, 45: S.NOT_STARTED}


class NotEmpty(Exception):
    """The database already has people: the demo is for an empty portal."""


@transaction.atomic
def load(*, institutions: int, seed: int, say: Callable[[str], None]) -> None:
    """Fill an empty database. Deterministic for a seed and a day. Raises NotEmpty."""
    if User.objects.exists():
        raise NotEmpty
    today, rng = timezone.localdate(), random.Random(f"demo:{seed}")  # noqa: S311 - invented data
    with connection.cursor() as cursor:
        # Otherwise millions of foreign keys wait in memory for the commit.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    say(f"{institutions} institutions and their people")
    world = World(institutions=institutions, rng=rng, password=settings.DEMO_PASSWORD)
    say("Plan and deadlines")
    plan = load_plan(file=read_plan_file(PLAN_FILE), shift_years=today.year - FIFTH_YEAR).plan
    set_deadlines(plan=plan, today=today, rng=rng, by=world.lead)
    say("Documents")
    documents = store_documents()
    rolled_out = at(plan.starts_on + 40 * DAY, STARTED, rng)
    doing = Doing(tables=Tables(), plan=plan.slug, documents=documents, created_at=rolled_out)
    _work(world, plan, doing, today, rng, seed, say)
    record(action="demo.loaded", by=None, data={"institutions": institutions, "seed": seed})


def _work(world: World, plan: Plan, doing: Doing, today: datetime.date, rng, seed: int, say) -> None:
    duties = duties_of(plan, rng)
    for position, body in enumerate(world.bodies):
        own = random.Random(f"demo:{seed}:{body.code}")  # noqa: S311 - invented data
        trail = Trail(body.pk) if position < WITH_TRAIL else None
        for duty in duties[body.kind]:
            _assignment(own, world, body, duty, doing, today, trail)
        if trail:
            trail.write(doing.tables.events)
        if (position + 1) % BATCH == 0 or position + 1 == len(world.bodies):
            doing.tables.flush()
            say(f"Work of {position + 1} of {len(world.bodies)} institutions")


def _assignment(rng, world: World, body: Body, duty: Duty, doing: Doing, today, trail) -> None:
    beginning = BEGINNINGS.get(body.code, {}).get((duty.deadline - today).days)
    state = beginning or chance(rng, body.diligence, duty, today)
    story = tell(rng, state, duty, today)
    doing.write(rng, body, world.reviewer(body), duty, story, trail)
