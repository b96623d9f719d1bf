"""All that is searched, in the order in which it is shown."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from portal.shell.search import documents, names, places, texts
from portal.shell.search.asked import Asked, Group, Hit, Rank
from portal.shell.search.texts import for_either, newest_of

GROUPS = (
    Group("places", _("页面"), "corner-down-right", places.find),
    Group("tasks", pgettext_lazy("搜索", "任务"), "checklist", names.find_tasks),
    Group("requirements", pgettext_lazy("搜索", "要求"), "list-check", names.find_requirements),
    Group("institutions", _("机构"), "building", names.find_institutions),
    Group("evidence", _("证明材料"), "file-text", documents.find),
    Group(
        "statements",
        pgettext_lazy("搜索", "落实情况说明"),
        "message-2",
        for_either(newest_of(texts.STATEMENTS), newest_of(texts.SUBMISSIONS)),
    ),
    Group("justifications", _("自评说明"), "clipboard-check", newest_of(texts.JUSTIFICATIONS)),
    Group("reviews", _("审核意见"), "gavel", for_either(newest_of(*texts.OWN_REVIEWS), newest_of(*texts.REVIEWS))),
    Group("rectifications", pgettext_lazy("搜索", "整改"), "tool", newest_of(*texts.RECTIFICATIONS)),
    Group("requests", _("申请"), "calendar-plus", newest_of(texts.REQUESTS)),
    Group(
        "urgings",
        pgettext_lazy("搜索", "催办"),
        "bell-ringing",
        for_either(newest_of(texts.URGED), newest_of(texts.URGINGS)),
    ),
    Group("plans", pgettext_lazy("搜索", "计划"), "book-2", names.find_plans),
    Group("reports", _("报告"), "report-analytics", names.find_reports),
)


@dataclass(frozen=True)
class Found:
    """What a group brought; `more` when there is more than is shown."""

    group: Group
    hits: list[Hit]
    more: bool


def find_all(asked: Asked, each: int) -> list[Found]:
    """The first hits of each group. A group in which something is called just so comes first."""
    found = [find_in(group, asked, 0, each) for group in GROUPS]
    return sorted((part for part in found if part.hits), key=lambda part: part.hits[0].rank != Rank.WHOLE)


def find_in(group: Group, asked: Asked, start: int, size: int) -> Found:
    hits = group.find(asked, start + size + 1)
    return Found(group, hits[start : start + size], len(hits) > start + size)
