"""What a calendar is asked for, and what it answers."""

from __future__ import annotations

import datetime
from collections.abc import Collection
from dataclasses import dataclass, field

from plan.models import Plan
from portal.accounts.models import Membership, User
from reports.calendar.enums import EntryKind


@dataclass(frozen=True)
class Wanted:
    """From which day to which, both included, and what of it. `today` is the day of the page or feed."""

    first: datetime.date
    last: datetime.date
    today: datetime.date
    kinds: Collection[EntryKind] = field(default=tuple(EntryKind))
    plan: Plan | None = None
    only_open: bool = False

    @property
    def days(self) -> tuple[datetime.date, datetime.date]:
        return self.first, self.last

    def has(self, day: datetime.date) -> bool:
        return self.first <= day <= self.last


@dataclass(frozen=True)
class Tally:
    """Of how many institutions a group is, and how many of its matters are open, where that is known, or overdue."""

    institutions: int
    open: int | None
    overdue: int = 0


@dataclass(frozen=True)
class Entry:
    """A matter, or a group of them with its `tally`, on its day.

    `key` tells it from all others of the same calendar, and a matter keeps it when its day moves. `changed_at` is
    when the matter last changed, where that is known.
    """

    key: str
    kind: EntryKind
    day: datetime.date
    title: str
    url: str
    is_open: bool
    is_overdue: bool = False
    is_official: bool = True
    state: str = ""
    tally: Tally | None = None
    overdue_url: str = ""
    changed_at: datetime.datetime | None = None


@dataclass(frozen=True)
class Reader:
    """Whose calendar it is: a person in one of their bodies."""

    user: User
    membership: Membership
