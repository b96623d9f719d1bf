"""Work that came in over the weeks of the plan, as lines against the schedule."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

from django.utils.translation import gettext as _

from plan.models import Plan
from reports.progress import Week
from tasks.enums import AssignmentState

WIDTH, HEIGHT = 1000, 380
LEFT, RIGHT, TOP, BOTTOM = 64, 176, 16, 34
LABEL_STEP = 20
TICKS = 4
ACCEPTED = AssignmentState.ACCEPTED.value
SIGNED = [AssignmentState.SUBMITTED.value, ACCEPTED]


# Told apart by dashes as well as by colour.
LOOKS = {"due": ("#4c5562", "7 4"), "signed": ("#056464", "2 3"), "accepted": ("#1d5c29", "")}


class Curve(NamedTuple):
    """A line, and what is written at its end."""

    name: str
    points: str
    label: str
    x: int
    y: int
    label_y: int
    url: str

    @property
    def ink(self) -> str:
        return LOOKS[self.name][0]

    @property
    def dashes(self) -> str:
        return LOOKS[self.name][1]


class Tick(NamedTuple):
    label: str
    at: int


class Dot(NamedTuple):
    """A half-year's end, which leads to the dashboard as at that day."""

    title: str
    x: int
    y: int
    url: str


class BurnUp(NamedTuple):
    title: str
    curves: list[Curve]
    dots: list[Dot]
    across: list[Tick]
    up: list[Tick]
    today: Tick
    before: Tick | None
    width: int
    height: int = HEIGHT
    left: int = LEFT
    top: int = TOP
    axis: int = HEIGHT - BOTTOM

    @property
    def right(self) -> int:
        return self.width - RIGHT


def burn_up(
    weeks: list[Week],
    *,
    plan: Plan,
    day: datetime.date,
    before: datetime.date | None,
    link: Callable[..., str],
    as_at: Callable[[datetime.date], str],
    width: int = WIDTH,
) -> BurnUp:
    known = [week for week in weeks if week.accepted is not None]
    highest = _nice(max([week.due for week in weeks] + [week.signed or 0 for week in known]))

    def along(at: datetime.date) -> int:
        whole = (plan.ends_on - plan.starts_on).days
        return LEFT + round((width - LEFT - RIGHT) * min(max((at - plan.starts_on).days / whole, 0), 1))

    def up(number: int) -> int:
        return HEIGHT - BOTTOM - round((HEIGHT - TOP - BOTTOM) * max(number, 0) / highest)

    def curve(name: str, label: str, points: list[tuple[datetime.date, int]], end: int, url: str) -> Curve:
        at, number = points[end]
        drawn = " ".join(f"{along(one)},{up(value)}" for one, value in points)
        return Curve(name, drawn, label % {"number": f"{number:,}"}, along(at), up(number), up(number) + 5, url)

    last = len(known) - 1
    curves = [
        curve("due", _("应完成 %(number)s"), [(w.day, w.due) for w in weeks], last, ""),
        curve(
            "signed",
            _("已签署报送 %(number)s"),
            [(w.day, w.signed or 0) for w in known],
            last,
            link(state=["submitted", "accepted"]),
        ),
        curve(
            "accepted", _("已验收 %(number)s"), [(w.day, w.accepted or 0) for w in known], last, link(state="accepted")
        ),
    ]
    return BurnUp(
        title=_finding(known[-1]),
        curves=_apart(curves),
        dots=[_dot(week, along, up, as_at) for week in half_years(known)],
        across=[
            Tick(str(year), along(datetime.date(year, 1, 1)))
            for year in range(plan.starts_on.year, plan.ends_on.year + 1)
            if datetime.date(year, 1, 1) >= plan.starts_on
        ],
        up=[Tick(f"{highest * n // TICKS:,}", up(highest * n // TICKS)) for n in range(TICKS + 1)],
        today=Tick(day.isoformat(), along(day)),
        before=Tick(before.isoformat(), along(before)) if before else None,
        width=width,
    )


def half_years(known: list[Week]) -> list[Week]:
    """The last point of each half-year that is over, and the last of all."""
    ends = [week for week, later in pairwise(known) if _half(week.day) != _half(later.day)]
    return [*ends, known[-1]]


def _half(day: datetime.date) -> tuple[int, bool]:
    return day.year, day.month > 6


def _dot(week: Week, along: Callable, up: Callable, as_at: Callable[[datetime.date], str]) -> Dot:
    words = {
        "day": week.day,
        "due": f"{week.due:,}",
        "signed": f"{week.signed or 0:,}",
        "accepted": f"{week.accepted or 0:,}",
    }
    title = _("%(day)s：应完成 %(due)s 项，已签署报送 %(signed)s 项，已验收 %(accepted)s 项") % words
    return Dot(title, along(week.day), up(week.accepted or 0), as_at(week.day))


def _apart(curves: list[Curve]) -> list[Curve]:
    """Labels one below the other where the lines end close together."""
    placed: list[Curve] = []
    for curve in sorted(curves, key=lambda curve: curve.label_y):
        least = placed[-1].label_y + LABEL_STEP if placed else 0
        placed.append(curve._replace(label_y=max(curve.label_y, least)))
    below = placed[-1].label_y - (HEIGHT - BOTTOM)
    return [curve._replace(label_y=curve.label_y - below) for curve in placed] if below > 0 else placed


def _nice(number: int) -> int:
    """The least of 4, 8, 20, 40, 80 … that holds the number, so that four ticks are whole."""
    step = 1
    while True:
        for factor in (4, 8, 12, 20):
            if factor * step >= number:
                return factor * step
        step *= 10


def _finding(now: Week) -> str:
    words = {
        "accepted": f"{now.accepted or 0:,}",
        "due": f"{now.due:,}",
        "gap": f"{abs(now.due - (now.accepted or 0)):,}",
    }
    if (now.accepted or 0) < now.due:
        return _("到期应完成 %(due)s 项，已验收 %(accepted)s 项，落后 %(gap)s 项") % words
    return _("到期应完成 %(due)s 项，已验收 %(accepted)s 项，没有落后") % words
