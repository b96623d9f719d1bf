"""Extensions and 不适用 that institutions asked for: some in every state, also for the firms that the README names."""

from __future__ import annotations

import datetime
import random
from dataclasses import dataclass, replace
from typing import Any

from portal.accounts.enums import Role
from portal.shell.demo import texts
from portal.shell.demo.bodies import Body, Reviewer
from portal.shell.demo.changes import Granted
from portal.shell.demo.duties import Duty
from portal.shell.demo.moments import DAY, REVIEWED, STARTED, WRITTEN, Day, at
from portal.shell.demo.stories import Story
from portal.shell.demo.tables import Tables
from portal.shell.demo.trail import Trail
from tasks.enums import CLOSED, EDITABLE, RequestKind, RequestState

K, R = RequestKind, RequestState
REQUEST = "tasks.changerequest"

# By days from today to the task's deadline, as in `works.BEGINNINGS`.
PLANNED = {
    "sec01": {
        -45: (K.EXTENSION, R.DECLINED),
        30: (K.EXTENSION, R.PENDING),
        45: (K.EXTENSION, R.GRANTED),
        60: (K.EXTENSION, R.WITHDRAWN),
        160: (K.NOT_APPLICABLE, R.PENDING),
        210: (K.NOT_APPLICABLE, R.DECLINED),
    },
    "fut01": {
        30: (K.EXTENSION, R.PENDING),
        45: (K.EXTENSION, R.GRANTED),
        75: (K.EXTENSION, R.DECLINED),
        120: (K.NOT_APPLICABLE, R.PENDING),
    },
}
# Others ask for time around a deadline, now and then, and most exemptions were asked for.
ASKS, NEAR = 0.06, range(-12, 40)
OUTCOMES, WEIGHTS = (R.PENDING, R.GRANTED, R.DECLINED, R.WITHDRAWN), (5, 4, 2, 1)
EXEMPTION_ASKED_FOR = 0.7
MORE_TIME = 30 * DAY


@dataclass
class Asking:
    """The requests of one institution. `lead` decides on time, `reviewer` on 不适用."""

    tables: Tables
    body: Body
    reviewer: Reviewer
    lead: Reviewer
    today: Day
    seed: int
    trail: Trail | None

    def __post_init__(self) -> None:
        self.rng = random.Random(f"demo:{self.seed}:{self.body.code}:requests")  # noqa: S311 - invented data

    def plan(self, duty: Duty) -> tuple[K, R] | None:
        """What is asked for with this task, and what becomes of it."""
        days_left = (duty.deadline - self.today).days
        if self.body.code in PLANNED:
            return PLANNED[self.body.code].get(days_left)
        if days_left in NEAR and self.rng.random() < ASKS:
            return K.EXTENSION, self.rng.choices(OUTCOMES, WEIGHTS)[0]
        return None

    def extended(self, duty: Duty, planned: tuple[K, R] | None) -> Duty:
        """The duty with the later deadline where time was granted: to one institution that is official."""
        if planned == (K.EXTENSION, R.GRANTED):
            return replace(duty, deadline=duty.deadline + MORE_TIME, is_official=True)
        return duty

    def write(self, assignment: int, duty: Duty, planned: tuple[K, R] | None, story: Story) -> list[Granted]:
        """The requests for an assignment; `duty` is as it was before them. Returns the time that was granted."""
        granted = []
        if story.exempted_at and self.rng.random() < EXEMPTION_ASKED_FOR:
            self._exempted(assignment, duty, story.exempted_at)
        if planned and self._fits(*planned, story):
            kind, state = planned
            made_on = self.today - self.rng.randint(1, 6) * DAY if state == R.PENDING else self.today - 24 * DAY
            moment = at(min(made_on, duty.deadline - DAY), WRITTEN, self.rng)
            reason = texts.MORE_TIME if kind == K.EXTENSION else texts.NOT_OURS
            decided_at = self._request(assignment, duty, kind, state, moment, self.rng.choice(reason))
            if planned == (K.EXTENSION, R.GRANTED):
                granted.append(Granted(decided_at, self.lead.user, duty.deadline + MORE_TIME))
        return granted

    def _fits(self, kind: K, state: R, story: Story) -> bool:
        """What waits could still be granted; 不适用 was refused before the work went on."""
        if kind == K.NOT_APPLICABLE:
            return story.state in EDITABLE
        return state != R.PENDING or story.state not in CLOSED

    def _exempted(self, assignment: int, duty: Duty, decided_at: datetime.datetime) -> None:
        moment = at(decided_at.date() - self.rng.randint(4, 12) * DAY, STARTED, self.rng)
        reason = texts.EXEMPTIONS.get(duty.number, texts.NOT_CONCERNED)
        self._request(assignment, duty, K.NOT_APPLICABLE, R.GRANTED, moment, reason, decided_at)

    def _request(
        self,
        assignment: int,
        duty: Duty,
        kind: K,
        state: R,
        moment: datetime.datetime,
        reason: str,
        decided_at: datetime.datetime | None = None,
    ) -> datetime.datetime:
        """Returns when it was over, if it is."""
        wanted = duty.deadline + MORE_TIME if kind == K.EXTENSION else None
        by = self.body.people[Role.CONTRIBUTOR]
        values: dict[str, Any] = {"state": state.value}
        over_at = decided_at or at(moment.date() + 3 * DAY, REVIEWED, self.rng)
        if state in (R.GRANTED, R.DECLINED):
            judge = self.lead if kind == K.EXTENSION else self.reviewer
            values |= {
                "decided_at": over_at,
                "decided_by_id": judge.user,
                "authority_id": judge.authority,
                "decision": self.rng.choice(texts.NOT_GRANTED) if state == R.DECLINED else "",
                "granted_deadline": wanted if state == R.GRANTED else None,
            }
        elif state == R.WITHDRAWN:
            values["withdrawn_at"] = over_at
        pk = self.tables.requests.add(
            assignment_id=assignment,
            kind=kind.value,
            reason=reason,
            old_deadline=duty.deadline,
            new_deadline=wanted,
            requested_by_id=by,
            requested_at=moment,
            **values,
        )
        self._record(pk, moment, "filed", by, assignment=assignment, kind=kind, old_deadline=duty.deadline)
        moves = {R.GRANTED: "grant", R.DECLINED: "decline", R.WITHDRAWN: "withdraw"}
        if state in moves:
            facts = {"from": R.PENDING, "to": state, "kind": kind, "deadline": values.get("granted_deadline")}
            self._record(pk, over_at, moves[state], values.get("decided_by_id", by), **facts)
        return over_at

    def _record(self, pk: int, moment: datetime.datetime, move: str, by: int, **data: Any) -> None:
        if self.trail:
            self.trail.add(moment, f"changerequest.{move}", by, (REQUEST, pk), data)
