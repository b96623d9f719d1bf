"""The work of one institution after the other: its tasks, then its self-assessments, then its audit trail."""

from __future__ import annotations

import datetime
import random
from dataclasses import dataclass, replace

from assessments.enums import SelfAssessmentState
from portal.shell.demo import rounds
from portal.shell.demo.answering import Answers
from portal.shell.demo.bodies import Body, World
from portal.shell.demo.changes import Whose, write_changes
from portal.shell.demo.doing import Assigned, Doing, Work
from portal.shell.demo.duties import Duty
from portal.shell.demo.judging import Judging
from portal.shell.demo.rectifying import write_rectifications
from portal.shell.demo.requesting import Asking
from portal.shell.demo.stories import chance, tell
from portal.shell.demo.trail import Trail
from tasks.enums import AssignmentState

A, S = AssignmentState, SelfAssessmentState

# The first institutions leave an audit trail of every step; for all others one record says that they are invented.
WITH_TRAIL = 60
# With more institutions than this, only so many of them answer self-assessments; the others have empty drafts.
ANSWERING = 1000

# Where the README's story begins: the state of the task due so many days from today. Around the deadlines that a
# reminder goes out for, there is something to do for the contributor, the CIO and the supervisor.
BEGINNINGS = {
    "sec01": {
        -21: A.RETURNED,
        -7: A.SUBMITTED,
        0: A.IN_PROGRESS,
        1: A.RETURNED,
        7: A.AWAITING_SIGNATURE,
        14: A.SUBMITTED,
        30: A.IN_PROGRESS,
    },
    "fut01": {
        -7: A.RETURNED,
        0: A.AWAITING_SIGNATURE,
        1: A.SUBMITTED,
        7: A.IN_PROGRESS,
        14: A.SUBMITTED,
        30: A.IN_PROGRESS,
    },
}
OPEN_CYCLE = {"sec01": S.DRAFT, "fut01": S.DRAFT, "sec02": S.SUBMITTED, "sec03": S.SUBMITTED, "fut02": S.WITHDRAWN}


@dataclass
class Works:
    """What all institutions share; `cycles` are those that are over, the earliest first, and the open one."""

    world: World
    duties: dict[str, list[Duty]]
    doing: Doing
    cycles: list[Judging]
    today: datetime.date
    seed: int

    def __post_init__(self) -> None:
        self.written = 0

    def write(self, body: Body) -> None:
        rng = random.Random(f"demo:{self.seed}:{body.code}")  # noqa: S311 - invented data
        trail = Trail(body.pk) if self.written < WITH_TRAIL else None
        if trail:
            self._beginnings(body, trail)
        asking = self._asking(body, trail)
        work = [self._assignment(rng, body, duty, trail, asking) for duty in self.duties[body.kind]]
        self._self_assessments(rng, body, [done for done in work if done.applies], trail)
        write_rectifications(
            tables=self.doing.tables,
            rng=random.Random(f"demo:{self.seed}:{body.code}:rectifications"),  # noqa: S311 - invented data
            body=body,
            reviewer=self.world.reviewer(body),
            work=work,
            today=self.today,
            trail=trail,
        )
        if trail:
            trail.write(self.doing.tables.events)
        self.written += 1

    def _beginnings(self, body: Body, trail: Trail) -> None:
        created_at = self.doing.created_at - datetime.timedelta(days=7)
        trail.add(created_at, "institution.created", None, ("accounts.institution", body.pk))
        for membership, user, role in body.joined:
            data = {"user": user, "role": role}
            trail.add(created_at, "membership.added", None, ("accounts.membership", membership), data)

    def _asking(self, body: Body, trail: Trail | None) -> Asking:
        reviewer, lead = self.world.reviewer(body), replace(self.world.authorities["csrc"], user=self.world.lead.pk)
        return Asking(self.doing.tables, body, reviewer, lead, self.today, self.seed, trail)

    def _assignment(self, rng: random.Random, body: Body, duty: Duty, trail: Trail | None, asking: Asking) -> Work:
        days_left = (duty.deadline - self.today).days
        state = BEGINNINGS.get(body.code, {}).get(days_left) or chance(rng, body.diligence, duty, self.today)
        planned = asking.plan(duty)
        extended = asking.extended(duty, planned)
        story = tell(rng, state, extended, self.today)
        assigned = Assigned(self.doing, rng, body, self.world.reviewer(body), extended, trail)
        work = assigned.write(story)
        granted = asking.write(assigned.pk, duty, planned, story)
        events = [*assigned.passages, *granted]
        whose = Whose(assigned.pk, body.pk, duty.task)
        write_changes(self.doing.tables, whose, self.doing.created_at, duty.deadline, events)
        return work

    def _self_assessments(self, rng: random.Random, body: Body, work: list[Work], trail: Trail | None) -> None:
        *past, now = self.cycles
        if self.written >= ANSWERING:
            now.write_empty(body)
            return
        reviewer = self.world.reviewer(body)
        # Whoever appears in the README's story has always been accepted, and finds answers that were carried over.
        luck = 1.0 if body.code in OPEN_CYCLE else body.diligence
        accepted: Answers = {}
        for judging in past:
            story = rounds.past_cycle(rng, luck, judging.cycle.opens_on, judging.cycle.due_on, self.today)
            accepted = judging.write(rng, body, reviewer, story, work, trail, accepted)
        versions = rounds.open_cycle(rng, body.diligence, self.today)
        if body.code in OPEN_CYCLE:
            versions = rounds.ending(rng, OPEN_CYCLE[body.code], self.today)
        now.write(rng, body, reviewer, versions, work, trail, accepted)
