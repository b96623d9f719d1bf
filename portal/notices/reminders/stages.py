"""When the stages of a reminder are due, and which of them counts today.

A stage is due from its day until it was sent or a later one for the same people took its place, so that a job that
did not run for three days misses nothing. Its day is always a working day: a stage before or on the deadline moves
to the last working day before, a stage after it to the next.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from portal.notices.enums import INSIDE, Addressee, DayUnit
from portal.working_days import DAY, is_estimated, is_working_day, on_or_after, on_or_before, shifted

MAX_OFFSET = 400  # days; a year and some weeks


@dataclass(frozen=True)
class Stage:
    """Days from the deadline, negative before it, and who is told then.

    With `every`, calendar days, it is told again at that interval. With `idle_days` it is told only when nobody
    worked on the matter for so many days.
    """

    offset: int
    unit: DayUnit
    tell: tuple[Addressee, ...]
    every: int = 0
    idle_days: int | None = None

    @property
    def label(self) -> str:
        """How keys of notices name it, such as `-7d` or `+5w`."""
        return f"{self.offset:+d}{'w' if self.unit == DayUnit.WORKING else 'd'}"

    @property
    def order(self) -> tuple[int, bool]:
        """Where it stands among others, whatever the deadline: seven days count as five working days."""
        is_working = self.unit == DayUnit.WORKING
        return self.offset * (7 if is_working else 5), is_working

    def day_for(self, deadline: datetime.date) -> datetime.date:
        """The working day on which it is due first."""
        day = self.nominal_day(deadline)
        return on_or_before(day) if self.offset <= 0 else on_or_after(day)

    def is_estimated_for(self, deadline: datetime.date, day: datetime.date) -> bool:
        """Whether the day may still move, since the holidays between are not known."""
        return is_estimated(day) or (self.unit == DayUnit.WORKING and is_estimated(deadline))

    def latest_deadline(self, today: datetime.date) -> datetime.date:
        """The last deadline for which the stage is due by `today`; for every earlier one it is, too."""
        return _latest_deadline(self, today)

    def label_on(self, today: datetime.date, deadline: datetime.date) -> str:
        """The label with the days after the deadline at which the repetition that counts was due.

        Days, not a number: who changes the interval is told next when the new one has passed.
        """
        if not self.every:
            return self.label
        late = (today - deadline).days - self.offset
        return f"{self.label}.{self.offset + late // self.every * self.every}"

    def nominal_day(self, deadline: datetime.date) -> datetime.date:
        """The day before it is moved to a working day."""
        if self.unit == DayUnit.WORKING:
            return shifted(deadline, self.offset)
        return deadline + DAY * self.offset


@lru_cache(maxsize=8192)
def _latest_deadline(stage: Stage, today: datetime.date) -> datetime.date:
    last = on_or_before(today)
    if stage.unit == DayUnit.WORKING:
        return shifted(last, -stage.offset) if stage.offset < 0 else shifted(last, 1 - stage.offset) - DAY
    return (last if stage.offset > 0 else shifted(last, 1) - DAY) - DAY * stage.offset


@dataclass(frozen=True)
class Track:
    """What one addressee is told in the course of time: a stage takes the place of those before it in their order.

    The order is the same for every deadline. By their days, two stages in different units would change places around
    a holiday, and one of them would never be told.
    """

    addressee: str
    stages: tuple[Stage, ...]

    def stages_on(self, today: datetime.date) -> Iterator[tuple[Stage, datetime.date, datetime.date]]:
        """Each stage with the deadlines, later than the first and up to the second, for which it counts."""
        low = datetime.date.min
        for stage in sorted(self.stages, key=lambda stage: stage.order, reverse=True):
            high = stage.latest_deadline(today)
            if low < high:
                yield stage, low, high
                low = high


# While it is the CIO's turn, they are told whatever anybody in the institution would be, idle or not.
CIO_IN_TURN = "cio_in_turn"


def tracks(stages: Sequence[Stage]) -> list[Track]:
    """One for each addressee that any stage tells, and one for the CIO whose signature is waited for."""
    by_addressee = [(str(who), [stage for stage in stages if who in stage.tell]) for who in Addressee]
    by_addressee.append((CIO_IN_TURN, [stage for stage in stages if not stage.idle_days and {*stage.tell} & {*INSIDE}]))
    return [Track(who, tuple(told)) for who, told in by_addressee if told]


def days_of(track: Track, deadline: datetime.date, *, start: datetime.date, end: datetime.date) -> Iterator[Told]:
    """On which working days from `start` to `end` the track tells something new of a deadline."""
    seen: set[str] = set()
    day = start
    while day <= end:
        if is_working_day(day) and (stage := current(track, deadline, day)):
            label = stage.label_on(day, deadline)
            if label not in seen:
                seen.add(label)
                yield Told(day, stage, label)
        day += DAY


@dataclass(frozen=True)
class Told:
    day: datetime.date
    stage: Stage
    label: str


def current(track: Track, deadline: datetime.date, today: datetime.date) -> Stage | None:
    """The stage that counts today; None while the first is still to come."""
    return next((stage for stage, low, high in track.stages_on(today) if low < deadline <= high), None)


def latest_of(stages: Iterable[Stage], today: datetime.date) -> datetime.date:
    """The last deadline of which any stage tells by `today`."""
    return max((stage.latest_deadline(today) for stage in stages), default=datetime.date.min)
