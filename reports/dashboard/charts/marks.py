"""How a condition looks: shape and colour, so that it is told apart in grey print and by the colour-blind."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from django.utils.functional import Promise

from portal.states import TONES
from reports.progress import Condition


class Mark(NamedTuple):
    """`shape` is an SVG path in a box of 16 by 16; `ink` and `wash` are its colours on paper.

    `id` is short, since a picture may hold hundreds of them.
    """

    id: int
    name: str
    label: str | Promise
    character: str
    shape: str
    ink: str
    wash: str


def _mark(condition: Condition, tone: str, ink: str, wash: str) -> Mark:
    name = condition.value.replace("_", "-")
    return Mark(
        list(Condition).index(condition), name, condition.label, TONES[tone].character, TONES[tone].shape, ink, wash
    )


C = Condition
MARKS: Mapping[Condition, Mark] = MappingProxyType(
    {
        C.OVERDUE: _mark(C.OVERDUE, "overdue", "#a01020", "#f2b3b8"),
        C.AT_RISK: _mark(C.AT_RISK, "submitted", "#7a4a00", "#fbdc94"),
        C.DONE: _mark(C.DONE, "accepted", "#1d5c29", "#d9eddc"),
        C.ON_COURSE: _mark(C.ON_COURSE, "not_started", "#667181", "#ffffff"),
        C.NONE: _mark(C.NONE, "not_applicable", "#4c5562", "#eef0f3"),
    }
)
