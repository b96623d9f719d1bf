"""How far an institution came with a task, and when: the part of the demo that chance decides.

Diligence, difficulty and the days left pull; noise does the rest. Nothing here touches the database.
"""

from __future__ import annotations

import datetime
import random
from dataclasses import dataclass, field

from portal.shell.demo.duties import Duty
from portal.shell.demo.moments import DAY, HANDED_IN, REVIEWED, SENT_BACK, SIGNED, STARTED, Day, at, between
from tasks.enums import AssignmentState

S = AssignmentState
Moment = datetime.datetime

# Tasks that do not concern everybody, and the share of institutions that get an exemption.
SPECIAL = {20: 0.05, 23: 0.16, 24: 0.12, 22: 0.03}
# The progress from which a state is reached.
THRESHOLDS = (
    (0.24, S.NOT_STARTED),
    (0.47, S.IN_PROGRESS),
    (0.53, S.AWAITING_SIGNATURE),
    (0.60, S.SUBMITTED),
    (9.99, S.ACCEPTED),
)
RETURNED_INSTEAD, RETURNED_BEFORE, SENT_BACK_BEFORE = 0.28, 0.14, 0.15


@dataclass
class Round:
    """Once from the contributor's desk to a verdict, or as far as it came."""

    started_at: Moment
    handed_in_at: Moment | None = None
    sent_back_at: Moment | None = None
    signed_at: Moment | None = None
    reviewed_at: Moment | None = None
    accepted: bool = False


@dataclass
class Story:
    state: str
    rounds: list[Round] = field(default_factory=list)
    exempted_at: Moment | None = None

    def stamps(self) -> dict[str, Moment]:
        """The time of each move of the rounds, by field: the latest where a move was made more than once."""
        stamps: dict[str, Moment] = {}
        for round_ in self.rounds:
            moves = {
                "started_at": round_.started_at,
                "handed_in_at": round_.handed_in_at,
                "sent_back_at": round_.sent_back_at,
                "submitted_at": round_.signed_at,
                "accepted_at" if round_.accepted else "returned_at": round_.reviewed_at,
            }
            stamps |= {name: moment for name, moment in moves.items() if moment}
        return stamps


def chance(rng: random.Random, diligence: float, duty: Duty, today: Day) -> str:
    """The state that comes about when nobody asks for a certain one."""
    if rng.random() < SPECIAL.get(duty.number, 0):
        return S.NOT_APPLICABLE
    days_past = (today - duty.deadline).days
    urgency = 0.46 + days_past / 400 if days_past < 0 else 0.46 + min(days_past, 120) / 380
    progress = urgency + (diligence - 0.5) * 0.7 - (duty.difficulty - 0.5) * 0.35 + rng.gauss(0, 0.13)
    state = next(state for limit, state in THRESHOLDS if progress < limit)
    if state == S.SUBMITTED and rng.random() < RETURNED_INSTEAD:
        return S.RETURNED
    return state


def tell(rng: random.Random, state: str, duty: Duty, today: Day) -> Story:
    """A story that ends in the state."""
    story = Story(str(state))
    if state == S.NOT_APPLICABLE:
        story.exempted_at = at(between(today - 150 * DAY, today - 10 * DAY, rng), REVIEWED, rng)
    elif state != S.NOT_STARTED:
        last = _last_round(rng, state, duty, today)
        resubmitted = rng.random() < RETURNED_BEFORE
        if resubmitted:
            story.rounds.append(_returned_round(rng, last.started_at))
        story.rounds.append(last)
    return story


def _last_round(rng: random.Random, state: str, duty: Duty, today: Day) -> Round:
    yesterday = today - DAY
    if state == S.IN_PROGRESS:
        return Round(at(between(today - 60 * DAY, yesterday, rng), STARTED, rng))
    if state == S.AWAITING_SIGNATURE:
        return _worked(rng, between(today - 6 * DAY, yesterday, rng))
    if state == S.ACCEPTED:
        latest = min(duty.deadline + 12 * DAY, today - 4 * DAY)
        signed = between(latest - 170 * DAY, latest, rng)
        reviewed = min(signed + rng.randint(2, 16) * DAY, yesterday)
    else:
        signed = between(today - 16 * DAY, today - 2 * DAY, rng)
        reviewed = between(signed + DAY, yesterday, rng)
    round_ = _worked(rng, signed - rng.randint(0, 3) * DAY)
    round_.signed_at = at(signed, SIGNED, rng)
    if state != S.SUBMITTED:
        round_.reviewed_at = at(reviewed, REVIEWED, rng)
        round_.accepted = state == S.ACCEPTED
    return round_


def _returned_round(rng: random.Random, restarted_at: Moment) -> Round:
    """The round before, which ended with reasons at least three days before work began again."""
    reviewed = restarted_at.date() - rng.randint(3, 8) * DAY
    signed = reviewed - rng.randint(2, 12) * DAY
    round_ = _worked(rng, signed - rng.randint(0, 2) * DAY)
    round_.signed_at = at(signed, SIGNED, rng)
    round_.reviewed_at = at(reviewed, REVIEWED, rng)
    return round_


def _worked(rng: random.Random, handed_in: Day) -> Round:
    """Started some weeks before; now and then the CIO sent it back once, a few days before."""
    started = handed_in - rng.randint(6, 45) * DAY
    round_ = Round(at(started, STARTED, rng), at(handed_in, HANDED_IN, rng))
    if rng.random() < SENT_BACK_BEFORE:
        round_.sent_back_at = at(handed_in - 3 * DAY, SENT_BACK, rng)
    return round_
