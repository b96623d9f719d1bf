"""What a rule would do: whom it tells on which day for a deadline, and where it would tell nobody."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.accounts.models import Institution, InstitutionGroupObjectPermission, Membership
from portal.accounts.querysets import SUPERVISE
from portal.notices.enums import INSIDE, SUPERVISING, Addressee
from portal.notices.reminders.stages import CIO_IN_TURN, Stage, Told, days_of, tracks
from portal.notices.reminders.words import roles, sentence, when_of
from portal.working_days import DAY

REPETITIONS = 3


@dataclass(frozen=True)
class TrialDay:
    """One stage of one deadline: `planned` is the day before it was moved off a holiday or weekend."""

    day: datetime.date
    planned: datetime.date
    words: str
    condition: int | None
    tell: str
    is_estimated: bool

    @property
    def is_moved(self) -> bool:
        return self.day != self.planned


@dataclass(frozen=True)
class Trial:
    days: list[TrialDay]
    goes_on: list[int]  # intervals of the stages that go on


def trial_of(stages: Sequence[Stage], deadline: datetime.date) -> Trial:
    """Everything the stages tell of a deadline, with the first repetitions of those that repeat."""
    start = min(stage.day_for(deadline) for stage in stages)
    end = max(stage.day_for(deadline) + (REPETITIONS - 1) * stage.every * DAY for stage in stages)
    told: dict[tuple[datetime.date, str, Stage], set[Addressee]] = {}
    for track in tracks(stages):
        if track.addressee != CIO_IN_TURN:
            for one in days_of(track, deadline, start=start, end=end):
                if _repetition(one) < REPETITIONS:
                    told.setdefault((one.day, one.label, one.stage), set()).add(Addressee(track.addressee))
    lines = [
        TrialDay(
            day,
            _planned(stage, label, deadline),
            when_of(label),
            stage.idle_days,
            roles(tuple(who)),
            stage.is_estimated_for(deadline, day),
        )
        for (day, label, stage), who in sorted(told.items(), key=lambda item: (item[0][0], item[0][2].order))
    ]
    return Trial(lines, sorted({stage.every for stage in stages if stage.every}))


def _repetition(one: Told) -> int:
    """How often the stage was told before."""
    return (int(one.label.rpartition(".")[2]) - one.stage.offset) // one.stage.every if one.stage.every else 0


def _planned(stage: Stage, label: str, deadline: datetime.date) -> datetime.date:
    """The day the rule names, before it moves to a working day."""
    if stage.every:
        return deadline + int(label.rpartition(".")[2]) * DAY
    return stage.nominal_day(deadline)


def warnings(stages: Sequence[Stage], saved: Stage | None = None) -> list[str]:
    """Where the rules would tell nobody; `saved` is the stage that is being written."""
    found = []
    if not any({*stage.tell} & {*INSIDE} for stage in stages):
        found.append(_("所有阶段都只提醒监管人员，机构内无人收到提醒。"))
    elif not any({*stage.tell} & {*INSIDE} and stage.offset < 0 and not stage.idle_days for stage in stages):
        found.append(_("没有任何阶段在期限之前提醒机构内人员，机构只会在到期或逾期后才收到提醒。"))
    if saved:
        found += [words for who in saved.tell if (words := _without(who))]
    return found


def _without(who: Addressee) -> str:
    """How many institutions have nobody whom the stage could tell."""
    count = institutions_without(who)
    if not count:
        return ""
    if who in SUPERVISING:
        words = ngettext(
            "%(count)s 家机构的监管单位没有%(role)s，对这些机构，该阶段无%(role)s可通知。",
            "%(count)s 家机构的监管单位没有%(role)s，对这些机构，该阶段无%(role)s可通知。",
            count,
        )
    else:
        words = ngettext(
            "%(count)s 家机构没有%(role)s，在这些机构，该阶段无%(role)s可通知。",
            "%(count)s 家机构没有%(role)s，在这些机构，该阶段无%(role)s可通知。",
            count,
        )
    return words % {"count": count, "role": who.label}


def institutions_without(who: Addressee) -> int:
    held = Membership.objects.filter(is_active=True, user__is_active=True, role=who)
    if who in SUPERVISING:
        granted = InstitutionGroupObjectPermission.objects.filter(
            permission__codename=SUPERVISE, group__authority__memberships__in=held
        )
        has = Exists(granted.filter(content_object=OuterRef("pk")))
    else:
        has = Exists(held.filter(institution=OuterRef("pk")))
    return Institution.objects.filter(~has, is_active=True).count()


def clash(stages: Iterable[Stage], stage: Stage) -> Stage | None:
    """Another stage at the same distance for the same people, of which only one would ever be told."""
    return next((one for one in stages if one.label == stage.label and {*one.tell} & {*stage.tell}), None)


def described(stage: Stage) -> str:
    return _("%(when)s · %(tell)s") % {"when": sentence(stage), "tell": roles(stage.tell)}
