"""Who will be told what of one deadline, and on which day: the rules of `planning`, a row at a time and in advance.

A test holds the two together: on every day of a period the plan tells whom the preview named beforehand.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import timezone

from portal.accounts.models import Institution, InstitutionGroupObjectPermission, Membership
from portal.accounts.querysets import SUPERVISE
from portal.notices.enums import INSIDE, SUPERVISING, Addressee
from portal.notices.models import Escalation, Notice, ReminderRun
from portal.notices.reminders.stages import CIO_IN_TURN, Stage, Track, current, tracks
from portal.notices.reminders.subjects import Subject, stages_for
from portal.working_days import DAY, is_working_day


@dataclass(frozen=True)
class Matter:
    """A row of a subject as the plan sees it today."""

    institution_id: int
    authority_id: int | None
    handler_id: int | None
    deadline: datetime.date
    cios_turn: bool
    acted_at: datetime.datetime | None
    stages: tuple[Stage, ...]

    def tracks(self) -> Iterator[tuple[Addressee, Track]]:
        """Those that count, with the role each tells: the CIO is told one way or the other."""
        other = Addressee.CIO if self.cios_turn else CIO_IN_TURN
        for track in tracks(self.stages):
            if track.addressee != other:
                yield Addressee.CIO if track.addressee == CIO_IN_TURN else Addressee(track.addressee), track

    def is_met(self, stage: Stage, day: datetime.date) -> bool:
        """Whether nobody will have worked on it for as long as the stage waits, if nobody does from now on."""
        if stage.idle_days is None or self.acted_at is None:
            return True
        midnight = timezone.make_aware(datetime.datetime.combine(day, datetime.time()))
        return self.acted_at < midnight - stage.idle_days * DAY


@dataclass(frozen=True)
class Telling:
    """What a run on that day tells the people of a role; nobody, if nobody has the role."""

    day: datetime.date
    role: Addressee
    stage: Stage
    label: str
    people: tuple[int, ...]


@dataclass(frozen=True)
class Past:
    """The stages that were told: to people of the institution by user, to supervisors by role."""

    people: frozenset[tuple[int, str]]
    roles: frozenset[tuple[Addressee, str]]


def matter_of(subject: Subject, pk: Any, *, today: datetime.date) -> Matter | None:
    """The row, or None when nobody is reminded of it: it is done, or waits for somebody else."""
    values = {"ids": [str(pk)], "today": today, "latest": datetime.date.max, **subject.parameters()}
    columns = "institution_id, authority_id, handler_id, plan_id, task_id, deadline, cios_turn, acted_at"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM ({subject.select(only=True)}) AS item", values)  # noqa: S608 - constants
        row = cursor.fetchone()
    if not row:
        return None
    institution, authority, handler, plan, task, deadline, cios_turn, acted_at = row
    stages = stages_for(subject.rules(), plan, task)
    if not Institution.objects.filter(pk=institution, is_active=True).exists():
        return None
    return Matter(institution, authority, handler, deadline, cios_turn, acted_at, stages)


def people_of(matter: Matter) -> dict[Addressee, list[Membership]]:
    """Who holds each role today, with their user and authority."""
    active = Membership.objects.filter(is_active=True, user__is_active=True).select_related("user", "authority")
    inside = active.filter(institution=matter.institution_id, role__in=INSIDE)
    above = active.filter(role__in=SUPERVISING).order_by("authority__name", "role", "user__name")
    if matter.authority_id:
        above = above.filter(authority=matter.authority_id)
    else:
        groups = InstitutionGroupObjectPermission.objects.filter(
            content_object=matter.institution_id, permission__codename=SUPERVISE
        )
        above = above.filter(authority__group__in=groups.values("group"))
    people: dict[Addressee, list[Membership]] = {who: [] for who in Addressee}
    for membership in [*inside, *above]:
        is_other = matter.handler_id and membership.user_id != matter.handler_id
        if not (is_other and membership.role == Addressee.SUPERVISOR):
            people[Addressee(membership.role)].append(membership)
    return people


def notices_of(subject: Subject, pk: Any, institution: Institution, deadline: datetime.date) -> list[Notice]:
    """What people of the institution were told of this deadline, in the order in which they were."""
    rows = Notice.objects.filter(
        institution=institution, kind=subject.kind, key__startswith=_key(subject, pk, deadline)
    )
    return list(rows.select_related("recipient").order_by("pk"))


def escalations_of(subject: Subject, pk: Any, institution: Institution, deadline: datetime.date) -> list[Escalation]:
    key = _key(subject, pk, deadline)
    return list(Escalation.objects.filter(institution=institution, kind=subject.kind, key__startswith=key))


def _key(subject: Subject, pk: Any, deadline: datetime.date) -> str:
    return f"{subject.name}:{pk}:{deadline}:"


def past_of(notices: Iterable[Notice], escalations: Iterable[Escalation]) -> Past:
    told = (escalation.key.split(":")[3:] for escalation in escalations)
    return Past(
        frozenset((notice.recipient_id, notice.key.split(":")[3]) for notice in notices),
        frozenset((Addressee(role), label) for label, role in told),
    )


def runs_from(subject: Subject, *, today: datetime.date, until: datetime.date) -> Iterator[datetime.date]:
    """The working days on which the subject will be planned, today if that is still to come."""
    is_done = ReminderRun.objects.filter(kind=subject.kind, day=today).exists()
    day = today + DAY if is_done else today
    while day <= until:
        if is_working_day(day):
            yield day
        day += DAY


def tellings(
    matter: Matter, people: Mapping[Addressee, Sequence[int]], past: Past, runs: Iterable[datetime.date]
) -> Iterator[Telling]:
    """What runs on those days will tell, unless something changes before."""
    told, told_roles = set(past.people), set(past.roles)
    for day in runs:
        for role, track in matter.tracks():
            stage = current(track, matter.deadline, day)
            if not stage or not matter.is_met(stage, day):
                continue
            label = stage.label_on(day, matter.deadline)
            if role in SUPERVISING or not people[role]:
                new, is_new = tuple(people[role]), (role, label) not in told_roles
            else:
                new = tuple(person for person in people[role] if (person, label) not in told)
                is_new = bool(new)
            if is_new:
                told_roles.add((role, label))
                told.update((person, label) for person in new)
                yield Telling(day, role, stage, label, new)
