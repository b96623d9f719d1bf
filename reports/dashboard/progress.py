"""进度: how the work came in over the plan, against its deadlines."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from reports.dashboard.asked import Asked
from reports.dashboard.charts.burn_up import burn_up, half_years
from reports.dashboard.comparing import Change
from reports.dashboard.overview import Tile
from reports.progress import COURSE_RULE, Week, course, stood
from tasks.enums import AssignmentState

S = AssignmentState


class Line(NamedTuple):
    week: Week
    url: str

    @property
    def behind(self) -> int:
        return max(self.week.due - (self.week.accepted or 0), 0)


def content(asked: Asked) -> dict[str, Any]:
    weeks = course(asked.institutions, plan=asked.plan, day=asked.day, theme=asked.theme)
    known = [week for week in weeks if week.accepted is not None]
    lines = [Line(week, asked.as_at(week.day)) for week in reversed(half_years(known))]
    return {
        "has_work": bool(weeks[-1].due or known[-1].signed),
        "tiles": _tiles(asked, known),
        "chart": burn_up(
            weeks, plan=asked.plan, day=asked.day, before=asked.before, link=asked.link, as_at=asked.as_at
        ),
        "lines": lines,
        "rules": [COURSE_RULE],
    }


def _tiles(asked: Asked, known: list[Week]) -> list[Tile]:
    now = known[-1]
    then = stood(asked.institutions, plan=asked.plan, day=asked.before, theme=asked.theme) if asked.before else None
    due, signed = asked.link(due_by=asked.day.isoformat(), applicable=1), [S.SUBMITTED.value, S.ACCEPTED.value]
    figures = [
        (_("应完成"), now.due, then and then.due, 0, due, ""),
        (_("已签署报送"), now.signed or 0, then and then.signed, 1, asked.link(state=signed), "submitted"),
        (_("已验收"), now.accepted or 0, then and then.accepted, 1, asked.link(state=S.ACCEPTED.value), "accepted"),
    ]
    return [
        Tile(label, f"{number:,}", Change(number, before, good), url, state)
        for label, number, before, good, url, state in figures
    ]
