"""Pages of the portal that one may jump to, by their names in both languages."""

from __future__ import annotations

from functools import cache

from django.conf import settings
from django.urls import resolve, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from portal.accounts.enums import Permission
from portal.accounts.models import Membership
from portal.bigrams import folded
from portal.shell.navigation import FOR_AUTHORITIES, FOR_INSTITUTIONS, Place
from portal.shell.search.asked import Asked, Hit, Rank
from portal.snippets import marked

FOR_ALL = (
    Place(_("期限日历"), "calendar:month", "calendar-event"),
    Place(_("收件箱"), "notices:inbox", "bell"),
    Place(_("通知设置"), "notices:settings", "settings"),
    Place(_("送达记录"), "notices:proof", "mail-check"),
    Place(_("个人设置"), "accounts:settings", "user"),
    Place(_("API 密钥"), "accounts:tokens", "key"),
    Place(_("人员"), "accounts:people", "users"),
    Place(_("计划"), "plan:list", "book-2"),
    Place(_("延期和不适用申请"), "tasks:requests", "calendar-plus"),
    Place(_("得分比较"), "scores:comparison", "chart-bar"),
)
MORE_FOR_INSTITUTIONS = (Place(_("访问记录"), "tasks:access_log", "eye"),)
MORE_FOR_AUTHORITIES = (
    Place(_("待复核"), "assessments:review_proposals", "gavel"),
    Place(_("催办记录"), "tasks:urgings", "bell-ringing"),
    Place(_("得分排名"), "scores:ranking", "list-numbers"),
    Place(_("材料留存"), "tasks:retention", "archive"),
    Place(_("保全中的机构"), "tasks:holds", "lock"),
    Place(_("通知运行状况"), "notices:operations", "activity"),
)


def find(asked: Asked, limit: int) -> list[Hit]:
    hits = []
    for place in places_of(asked.membership):
        names = _names(place)
        if any(asked.words in folded(name) for name in names):
            rank = Rank.of(asked.words, *names)
            hits.append(Hit(reverse(place.url_name), marked(str(place.label), asked.words), rank=rank))
    return sorted(hits, key=lambda hit: hit.rank)[:limit]


def places_of(membership: Membership) -> list[Place]:
    """Those that the role may open, each once."""
    if membership.is_supervising:
        places = (*FOR_AUTHORITIES, *FOR_ALL, *MORE_FOR_AUTHORITIES)
    else:
        places = (*FOR_INSTITUTIONS, *FOR_ALL, *MORE_FOR_INSTITUTIONS)
    by_url = {place.url_name: place for place in reversed(places)}
    return [place for place in places if by_url[place.url_name] is place and _may_open(membership, place.url_name)]


def _may_open(membership: Membership, url_name: str) -> bool:
    rule = _rule(url_name)
    return isinstance(rule, str) or any(membership.may(permission) for permission in rule)


@cache
def _rule(url_name: str) -> str | tuple[Permission, ...]:
    return resolve(reverse(url_name)).func.access_rule


@cache
def _names(place: Place) -> list[str]:
    """In both languages: people look for the word they know."""
    names = []
    for language, _name in settings.LANGUAGES:
        with override(language):
            names.append(str(place.label))
    return names
