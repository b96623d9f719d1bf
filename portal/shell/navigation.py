"""What stands at the left of every page: at most seven entries, by the role one acts in."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.accounts.enums import Permission
from portal.accounts.models import Membership


@dataclass(frozen=True)
class Place:
    """An entry as it is written down."""

    label: str | Promise
    url_name: str
    icon: str
    needs: Permission | None = None
    # Pages elsewhere that one reaches from it.
    leads_to: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """An entry as it is shown to one person on one page."""

    label: str | Promise
    url: str
    icon: str
    active: bool
    count: int | None = None


HOME = Place(_("首页"), "home", "home")
REPORTS = Place(_("报告"), "reports:list", "report-analytics")
RECTIFICATIONS = Place(_("整改"), "assessments:rectifications", "tool")
PLANS = Place(_("计划"), "plan:list", "book-2")

FOR_INSTITUTIONS = (
    HOME,
    Place(_("我的任务"), "tasks:list", "checklist"),
    Place(_("自评"), "assessments:list", "clipboard-check"),
    RECTIFICATIONS,
    Place(_("证明材料"), "vault:library", "files"),
    REPORTS,
    PLANS,
)
FOR_AUTHORITIES = (
    HOME,
    Place(_("态势"), "dashboard:overview", "chart-histogram"),
    Place(_("审核"), "assessments:review_queue", "gavel", Permission.REVIEW),
    Place(_("查询"), "explorer:index", "list-search", leads_to=("tasks:list", "accounts:institutions")),
    Place(_("自评"), "assessments:list", "clipboard-check"),
    RECTIFICATIONS,
    REPORTS,
)


def entries(membership: Membership, path: str) -> list[Entry]:
    places = FOR_AUTHORITIES if membership.is_supervising else FOR_INSTITUTIONS
    allowed = [place for place in places if not place.needs or membership.may(place.needs)]
    current = _current(allowed, path)
    return [Entry(place.label, reverse(place.url_name), place.icon, place is current) for place in allowed]


def _current(places: list[Place], path: str) -> Place | None:
    """The entry whose pages `path` belongs to: the longest that it starts with; home only on home itself."""
    home = reverse(HOME.url_name)
    under = {
        url: place
        for place in places
        for url in map(reverse, (place.url_name, *place.leads_to))
        if path == url or (url != home and path.startswith(url))
    }
    return under[max(under, key=len)] if under else None
