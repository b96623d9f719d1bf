"""地区: the share of overdue work by region."""

from __future__ import annotations

from typing import Any, NamedTuple

from portal.accounts.models import Region
from reports.dashboard.asked import Asked
from reports.dashboard.charts.tiles import tile_map
from reports.dashboard.comparing import Change, ShareChange
from reports.progress import OVERDUE_RULE, Figures, by_region, summed


class Line(NamedTuple):
    region: Region
    now: Figures
    then: Figures | None
    url: str

    @property
    def overdue(self) -> Change:
        return Change(self.now.overdue, self.then.overdue if self.then else None, -1)

    @property
    def share(self) -> ShareChange:
        return ShareChange(self.now.overdue_share, self.then.overdue_share if self.then else None, -1)


def content(asked: Asked) -> dict[str, Any]:
    def known(day: Any) -> dict[int, Figures]:
        lines = by_region(asked.institutions, plan=asked.plan, day=day, theme=asked.theme)
        return {line.subject.pk: line.figures for line in lines}

    def link(region: Region) -> str:
        return asked.link(region=region.code, overdue=1)

    regions = list(Region.objects.all())
    now, then = known(asked.day), known(asked.before) if asked.before else None
    lines = [
        Line(region, now[region.pk], then.get(region.pk, Figures()) if then is not None else None, link(region))
        for region in regions
        if region.pk in now
    ]
    lines.sort(key=lambda line: (-(line.now.overdue_share or 0), -line.now.overdue))
    return {
        "figures": summed(now.values()),
        "chart": tile_map(regions, now, then, link),
        "lines": lines,
        "rules": [OVERDUE_RULE],
    }
