"""How an institution's self-assessment went in a cycle: decided by chance, like the stories of its tasks."""

from __future__ import annotations

import datetime
import random
from dataclasses import dataclass

from assessments.enums import SelfAssessmentState
from portal.shell.demo.moments import DAY, HANDED_IN, REVIEWED, SIGNED, Day, at, between

S = SelfAssessmentState
Moment = datetime.datetime


@dataclass
class Version:
    """One version; `filled` is the share of its requirements that are answered."""

    state: str
    filled: float = 1.0
    handed_in_at: Moment | None = None
    signed_at: Moment | None = None
    reviewed_at: Moment | None = None
    withdrawn_at: Moment | None = None


def past_cycle(rng: random.Random, diligence: float, opens_on: Day, due_on: Day, today: Day) -> list[Version]:
    """Nearly all were accepted, some after a return; a few never finished."""
    luck = rng.random() + diligence * 0.4
    signed = between(opens_on + 60 * DAY, min(due_on, today - 60 * DAY), rng)
    if luck < 0.2:
        return [Version(S.DRAFT, filled=rng.uniform(0.2, 0.9))]
    if luck < 0.42:
        return [_version(rng, S.RETURNED, signed, signed + 12 * DAY), _accepted(rng, signed + 24 * DAY)]
    return [_accepted(rng, signed)]


def _accepted(rng: random.Random, signed: Day) -> Version:
    return _version(rng, S.ACCEPTED, signed, signed + rng.randint(3, 25) * DAY)


def open_cycle(rng: random.Random, diligence: float, today: Day) -> list[Version]:
    """In the middle of it: most still write, some have handed in, the quick ones are through."""
    progress = diligence * 0.5 + rng.random() * 0.75
    if progress < 0.62:
        return [Version(S.DRAFT, filled=min(0.95, max(0.0, progress * 1.5 - 0.2)))]
    if progress < 0.72:
        return ending(rng, S.AWAITING_SIGNATURE, today)
    if progress < 0.88:
        return ending(rng, S.SUBMITTED, today)
    return ending(rng, S.RETURNED if rng.random() < 0.3 else S.ACCEPTED, today)


def ending(rng: random.Random, state: str, today: Day) -> list[Version]:
    """The versions of the open cycle that end in a state; a return or a withdrawal has already opened the next."""
    if state == S.DRAFT:
        return [Version(S.DRAFT, filled=2 / 3)]
    signed = between(today - 20 * DAY, today - 3 * DAY, rng)
    version = _version(rng, state, signed, between(signed + DAY, today - DAY, rng))
    return [version, Version(S.DRAFT)] if state in (S.RETURNED, S.WITHDRAWN) else [version]


def _version(rng: random.Random, state: str, signed: Day, reviewed: Day) -> Version:
    version = Version(state, handed_in_at=at(signed - rng.randint(0, 2) * DAY, HANDED_IN, rng))
    if state != S.AWAITING_SIGNATURE:
        version.signed_at = at(signed, SIGNED, rng)
    if state in (S.ACCEPTED, S.RETURNED):
        version.reviewed_at = at(reviewed, REVIEWED, rng)
    if state == S.WITHDRAWN:
        version.withdrawn_at = at(reviewed, REVIEWED, rng)
    return version
