"""The regions as tiles, about where they lie on a map, all of one size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from django.utils.translation import gettext as _

from portal.accounts.models import Region
from reports.charts import HEAT_COLOURS, HEAT_STEPS
from reports.progress import Figures

TILE, TALL, GAP = 88, 66, 4
FOOT, LEGEND_STEP = 40, 84

# Column and row of each region by its code: the provinces, and the five cities with a regional office of their own.
PLACES: Mapping[str, tuple[int, int]] = {
    "heilongjiang": (7, 0),
    "neimenggu": (5, 1),
    "jilin": (7, 1),
    "beijing": (5, 2),
    "tianjin": (6, 2),
    "liaoning": (7, 2),
    "dalian": (8, 2),
    "xinjiang": (0, 3),
    "ningxia": (3, 3),
    "shanxi": (4, 3),
    "hebei": (5, 3),
    "shandong": (6, 3),
    "qingdao": (7, 3),
    "qinghai": (1, 4),
    "gansu": (2, 4),
    "shaanxi": (3, 4),
    "henan": (4, 4),
    "jiangsu": (5, 4),
    "shanghai": (6, 4),
    "xizang": (0, 5),
    "sichuan": (2, 5),
    "chongqing": (3, 5),
    "hubei": (4, 5),
    "anhui": (5, 5),
    "zhejiang": (6, 5),
    "ningbo": (7, 5),
    "guizhou": (3, 6),
    "hunan": (4, 6),
    "jiangxi": (5, 6),
    "fujian": (6, 6),
    "xiamen": (7, 6),
    "yunnan": (2, 7),
    "guangxi": (3, 7),
    "guangdong": (4, 7),
    "shenzhen": (5, 7),
    "hainan": (4, 8),
}


class Tile(NamedTuple):
    """`moved` is ▲ where the share of overdue work is higher than on the other day, ▼ where it is lower."""

    name: str
    figures: Figures
    moved: str
    title: str
    x: int
    y: int
    url: str

    @property
    def level(self) -> int:
        """0 without overdue work, else 1 to 4 by its share."""
        share = self.figures.overdue_share or 0
        return sum(share > step for step in HEAT_STEPS)

    @property
    def colour(self) -> str:
        return HEAT_COLOURS[self.level]

    @property
    def ink(self) -> str:
        return "#ffffff" if self.level == len(HEAT_STEPS) else "#1f2733"

    @property
    def middle(self) -> int:
        return self.x + (TILE - GAP) // 2

    @property
    def bar(self) -> int:
        """Length of the bar at the foot: the share of the tile's width."""
        return round((TILE - GAP) * float(self.figures.overdue_share or 0) / 100)

    @property
    def bar_colour(self) -> str:
        return self.ink if self.level == len(HEAT_STEPS) else HEAT_COLOURS[-1]


class Step(NamedTuple):
    label: str
    colour: str
    level: int
    x: int


class TileMap(NamedTuple):
    title: str
    tiles: list[Tile]
    legend: list[Step]
    width: int
    height: int
    tile_width: int = TILE - GAP
    tile_height: int = TALL - GAP

    @property
    def foot(self) -> int:
        return self.height - FOOT + 16


def tile_map(
    regions: list[Region],
    now: Mapping[int, Figures],
    then: Mapping[int, Figures] | None,
    link: Callable[[Region], str],
) -> TileMap:
    """Every region has its tile, also one without work. A region of no known place stands below the others."""
    columns = max(column for column, _row in PLACES.values()) + 1
    rows = max(row for _column, row in PLACES.values()) + 1
    elsewhere = [region for region in regions if region.code not in PLACES]
    places = PLACES | {region.code: (n % columns, rows + n // columns) for n, region in enumerate(elsewhere)}
    rows += -(-len(elsewhere) // columns)
    nothing = Figures()
    tiles = [
        _tile(
            region,
            now.get(region.pk, nothing),
            None if then is None else then.get(region.pk, nothing),
            places[region.code],
            link,
        )
        for region in regions
    ]
    labels = ["0", *(f"≤ {step}%" for step in HEAT_STEPS[1:]), f"> {HEAT_STEPS[-1]}%"]
    return TileMap(
        title=_finding(tiles),
        tiles=tiles,
        legend=[Step(label, HEAT_COLOURS[n], n, 1 + n * LEGEND_STEP) for n, label in enumerate(labels)],
        width=columns * TILE,
        height=rows * TALL + FOOT,
    )


def _tile(
    region: Region, now: Figures, then: Figures | None, place: tuple[int, int], link: Callable[[Region], str]
) -> Tile:
    share, before = now.overdue_share or 0, then.overdue_share or 0 if then else None
    moved = "" if before in (None, share) else "▲" if share > before else "▼"
    words = {
        "name": region.local_name,
        "overdue": f"{now.overdue:,}",
        "total": f"{now.applicable:,}",
        "share": now.overdue_percent,
    }
    title = _("%(name)s：逾期 %(overdue)s / %(total)s 项，%(share)s") % words
    if then is not None:
        title += _("，对比日 %(share)s") % {"share": then.overdue_percent}
    column, row = place
    url = link(region) if now.applicable else ""
    return Tile(region.local_name, now, moved, title, column * TILE, row * TALL, url)


def _finding(tiles: list[Tile]) -> str:
    worst = max(tiles, key=lambda tile: (tile.figures.overdue_share or 0, tile.figures.overdue), default=None)
    if worst is None or not worst.figures.overdue:
        return _("各地区都没有逾期的任务")
    return _("逾期率最高：%(name)s，%(share)s（%(overdue)s 项）") % {
        "name": worst.name,
        "share": worst.figures.overdue_percent,
        "overdue": f"{worst.figures.overdue:,}",
    }
