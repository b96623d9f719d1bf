"""The preview of one deadline as its page shows it: by day, who was told, who will be, and what no longer will."""

from __future__ import annotations

import datetime
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.models import TextChoices
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.accounts.models import Authority, Institution, Membership, User
from portal.notices.enums import SUPERVISING, Addressee, Channel, Pace
from portal.notices.models import Escalation, Notice, Route
from portal.notices.outside import NEAR_DAYS
from portal.notices.reminders.preview import (
    Matter,
    Telling,
    escalations_of,
    matter_of,
    notices_of,
    past_of,
    people_of,
    runs_from,
    tellings,
)
from portal.notices.reminders.stages import Stage, days_of
from portal.notices.reminders.subjects import Subject
from portal.notices.reminders.words import when_of
from portal.working_days import DAY, is_estimated

LOOK_BACK = 366 * DAY
REPETITIONS = 3


class Standing(TextChoices):
    TOLD = "told", gettext_lazy("已通知")
    PLANNED = "planned", gettext_lazy("将通知")
    CONDITIONAL = "conditional", gettext_lazy("仅当届时无人办理")
    SUPERSEDED = "superseded", gettext_lazy("已被后续提醒代替")
    UNMET = "unmet", gettext_lazy("当时有人办理，未通知")


@dataclass(frozen=True)
class Recipient:
    """A person, or in an authority that the reader does not belong to, a role."""

    name: str
    ways: str = ""


@dataclass(frozen=True)
class Line:
    day: datetime.date
    words: str
    role: Addressee
    standing: Standing
    recipients: tuple[Recipient, ...] = ()
    at: datetime.datetime | None = None
    idle_days: int | None = None

    @property
    def is_estimated(self) -> bool:
        return is_estimated(self.day)

    @property
    def is_past(self) -> bool:
        return self.standing in (Standing.TOLD, Standing.SUPERSEDED, Standing.UNMET)


@dataclass(frozen=True)
class Preview:
    deadline: datetime.date
    is_open: bool
    cios_turn: bool = False
    past: list[Line] = field(default_factory=list)
    coming: list[Line] = field(default_factory=list)
    goes_on: list[int] = field(default_factory=list)


def preview(
    subject: Subject,
    pk: Any,
    *,
    institution: Institution,
    deadline: datetime.date,
    reader: User,
    not_before: datetime.date | None = None,
) -> Preview:
    """`not_before`: nobody is reminded earlier, as of a round that is not open yet."""
    today = timezone.localdate()
    start = max(today, not_before or today)
    matter = matter_of(subject, pk, today=start)
    notices = notices_of(subject, pk, institution, deadline)
    escalations = escalations_of(subject, pk, institution, deadline)
    if matter is None:
        return Preview(deadline, is_open=False, past=_in_order(_told(notices, escalations, {})))
    people = people_of(matter)
    by_user = {role: [one.user_id for one in ones] for role, ones in people.items()}
    runs = list(runs_from(subject, today=today, until=_horizon(matter, start)))
    coming = list(tellings(matter, by_user, past_of(notices, escalations), (day for day in runs if day >= start)))
    told = [*_told(notices, escalations, {one.user_id: one for ones in people.values() for one in ones})]
    missed = _missed(matter, notices, escalations, coming, start=not_before, until=runs[0] - DAY)
    show = _Recipients(people, reader)
    return Preview(
        deadline,
        is_open=True,
        cios_turn=matter.cios_turn,
        past=_in_order([*told, *missed]),
        coming=[_line(one, deadline, show) for one in _first_repetitions(coming)],
        goes_on=sorted({stage.every for stage in matter.stages if stage.every}),
    )


def _horizon(matter: Matter, start: datetime.date) -> datetime.date:
    """Until every stage was due, every condition could be met, and what repeats came twice."""
    last = max([start, *(stage.day_for(matter.deadline) for stage in matter.stages)])
    more = max(max(2 * stage.every, stage.idle_days or 0) for stage in matter.stages)
    return last + (more + 14) * DAY


def _first_repetitions(coming: Iterable[Telling]) -> Iterator[Telling]:
    """What repeats is shown a few times; that it goes on is said beside."""
    shown: Counter[tuple[Addressee, Stage]] = Counter()
    for telling in coming:
        shown[telling.role, telling.stage] += 1
        if not telling.stage.every or shown[telling.role, telling.stage] <= REPETITIONS:
            yield telling


def _in_order(lines: Iterable[Line]) -> list[Line]:
    return sorted(lines, key=lambda line: (line.day, line.at is None, [*Addressee].index(line.role)))


def _line(telling: Telling, deadline: datetime.date, show: _Recipients) -> Line:
    is_near = telling.role in SUPERVISING or (deadline - telling.day).days <= NEAR_DAYS
    return Line(
        telling.day,
        when_of(telling.label),
        telling.role,
        Standing.CONDITIONAL if telling.stage.idle_days else Standing.PLANNED,
        show.of(telling, is_near=is_near),
        idle_days=telling.stage.idle_days,
    )


def _told(notices: list[Notice], escalations: list[Escalation], members: dict[int, Membership]) -> Iterator[Line]:
    """One line for each stage, role and day; who has left keeps their name and is shown as a contributor was."""
    groups: dict[tuple, list[Notice]] = defaultdict(list)
    for notice in notices:
        member = members.get(notice.recipient_id)
        role = Addressee(member.role) if member else Addressee.CONTRIBUTOR
        groups[timezone.localdate(notice.created_at), notice.key.split(":")[3], role].append(notice)
    for (day, label, role), told in groups.items():
        names = tuple(Recipient(notice.recipient.name) for notice in told)
        yield Line(day, when_of(label), role, Standing.TOLD, names, at=told[0].created_at)
    for row in escalations:
        label, who = row.key.split(":")[3:]
        yield Line(timezone.localdate(row.created_at), when_of(label), Addressee(who), Standing.TOLD, at=row.created_at)


def _missed(
    matter: Matter,
    notices: list[Notice],
    escalations: list[Escalation],
    coming: list[Telling],
    *,
    start: datetime.date | None,
    until: datetime.date,
) -> Iterator[Line]:
    """Stages whose day has come and which nobody was told, nor will be."""
    labels = {notice.key.split(":")[3] for notice in notices}
    roles = {tuple(row.key.split(":")[3:]) for row in escalations}
    will_be = {(one.role, one.label) for one in coming}
    first = min(stage.day_for(matter.deadline) for stage in matter.stages)
    first = max(first, until - LOOK_BACK, start or first)
    for role, track in matter.tracks():
        for one in days_of(track, matter.deadline, start=first, end=until):
            was_told = (one.label, role) in roles if role in SUPERVISING else one.label in labels
            if not was_told and (role, one.label) not in will_be:
                standing = Standing.UNMET if one.stage.idle_days else Standing.SUPERSEDED
                yield Line(one.day, when_of(one.label), role, standing)


class _Recipients:
    """Names for those whom the reader knows, and by which ways each is told; addresses are nobody else's business."""

    def __init__(self, people: dict[Addressee, list[Membership]], reader: User) -> None:
        self.members = {one.user_id: one for ones in people.values() for one in ones}
        self.own = set(Authority.objects.visible_to(reader).values_list("pk", flat=True))
        self.routes: dict[int, list[Route]] = defaultdict(list)
        for route in Route.objects.filter(user__in=self.members, is_active=True):
            self.routes[route.user_id].append(route)

    def of(self, telling: Telling, *, is_near: bool) -> tuple[Recipient, ...]:
        found: list[Recipient] = []
        for user in telling.people:
            member = self.members[user]
            if member.authority and member.authority_id not in self.own:
                found.append(Recipient(member.authority.local_name))
            elif member.authority:
                name = _("%(name)s（%(authority)s）") % {
                    "name": member.user.name,
                    "authority": member.authority.local_name,
                }
                found.append(Recipient(name, self._ways(user, is_near=is_near)))
            else:
                found.append(Recipient(member.user.name, self._ways(user, is_near=is_near)))
        return tuple(dict.fromkeys(found))

    def _ways(self, user: int, *, is_near: bool) -> str:
        ways = self.routes.get(user) or [Route(channel=Channel.EMAIL, pace=Pace.AT_ONCE)]
        return _("、").join(
            _("%(channel)s（%(pace)s）")
            % {"channel": Channel(way.channel).label, "pace": Pace(Pace.AT_ONCE if is_near else way.pace).label}
            for way in ways
        )
