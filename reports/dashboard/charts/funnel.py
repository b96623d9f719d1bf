"""How far the work has come: bars from zero, each as long as the number that came at least so far."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from django.utils.translation import gettext as _

from portal.states import STATE_STYLES, StateStyle
from reports.progress import Reached, in_words, percent

LEFT, LONGEST, WIDTH = 132, 330, 640
STEP, BAR, EARLIER = 64, 22, 6
MARK_STEP = 124


class Here(NamedTuple):
    """So many stand on this step right now, in this state."""

    style: StateStyle
    words: str
    x: int
    url: str

    @property
    def fill(self) -> str:
        return "fill-" + self.style.tone.name.replace("_", "-")


class Bar(NamedTuple):
    label: str
    value: str
    y: int
    width: int
    earlier: int | None
    title: str
    here: list[Here]

    @property
    def end(self) -> int:
        return LEFT + max(self.width, self.earlier or 0) + 8


class Funnel(NamedTuple):
    title: str
    bars: list[Bar]
    height: int
    width: int = WIDTH
    left: int = LEFT


def funnel(now: list[Reached], then: list[Reached] | None, link: Callable[..., str]) -> Funnel:
    longest = max([now[0].number] + ([then[0].number] if then else [])) or 1
    bars = []
    for n, step in enumerate(now):
        earlier = then[n].number if then else None
        share = in_words(percent(step.number, now[0].number))
        value = (
            f"{step.number:,}"
            if n == 0
            else _("%(number)s（%(share)s）") % {"number": f"{step.number:,}", "share": share}
        )
        title = _("%(label)s %(number)s 项") % {"label": step.label, "number": f"{step.number:,}"}
        if earlier is not None:
            title += _("，对比日 %(number)s 项") % {"number": f"{earlier:,}"}
        bars.append(
            Bar(
                label=str(step.label),
                value=value,
                y=n * STEP,
                width=round(LONGEST * step.number / longest),
                earlier=None if earlier is None else round(LONGEST * earlier / longest),
                title=title,
                here=_here(step, link),
            )
        )
    return Funnel(_finding(now), bars, STEP * len(bars))


def _here(step: Reached, link: Callable[..., str]) -> list[Here]:
    return [
        Here(
            style=STATE_STYLES[state],
            words=f"{STATE_STYLES[state].label} {number:,}",
            x=LEFT + n * MARK_STEP,
            url=link(state=state.value),
        )
        for n, (state, number) in enumerate(step.standing)
    ]


def _finding(now: list[Reached]) -> str:
    """Where the most work stands still on its way."""
    if not now[0].number:
        return _("没有适用的任务")
    stuck = max(now[:-1], key=lambda step: sum(number for _state, number in step.standing))
    state, number = max(stuck.standing, key=lambda standing: standing[1])
    if not number:
        return _("适用任务已全部验收")
    return _("停留最多：%(state)s %(number)s 项，占 %(share)s") % {
        "state": state.label,
        "number": f"{number:,}",
        "share": in_words(percent(number, now[0].number)),
    }
