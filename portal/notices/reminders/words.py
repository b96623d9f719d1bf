"""Stages in words."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.notices.enums import Addressee, DayUnit
from portal.notices.reminders.stages import Stage

LABEL = re.compile(r"([+-]\d+)([dw])(?:\.(\d+))?")


def when(offset: int, unit: DayUnit) -> str:
    days = abs(offset)
    if not offset:
        return _("期限当日")
    if unit == DayUnit.WORKING:
        if offset < 0:
            return ngettext("期限前 %(days)s 个工作日", "期限前 %(days)s 个工作日", days) % {"days": days}
        return ngettext("逾期 %(days)s 个工作日", "逾期 %(days)s 个工作日", days) % {"days": days}
    if offset < 0:
        return ngettext("期限前 %(days)s 天", "期限前 %(days)s 天", days) % {"days": days}
    return ngettext("逾期 %(days)s 天", "逾期 %(days)s 天", days) % {"days": days}


def when_of(label: str) -> str:
    """What the label of a notice's key says; a repetition's days are those after the deadline."""
    found = LABEL.fullmatch(label)
    if not found:
        return label
    offset, unit, late = found.groups()
    return when(int(late or offset), DayUnit.WORKING if unit == "w" else DayUnit.CALENDAR)


def sentence(stage: Stage) -> str:
    """When, how often, and on what condition; whom it tells stands beside it."""
    words = when(stage.offset, stage.unit)
    if stage.every:
        words = _("%(when)s起，每 %(days)s 天") % {"when": words, "days": stage.every}
    if stage.idle_days:
        words = _("%(when)s，仅当最近 %(days)s 天无人办理") % {"when": words, "days": stage.idle_days}
    return words


def roles(tell: tuple[Addressee, ...]) -> str:
    return _("、").join(str(who.label) for who in Addressee if who in tell)
