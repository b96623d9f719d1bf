"""Whether what a claimed reminder says is still so: between its writing and its sending the work may have been done.

After a week without a mail server, people get one message with what is still open, not a week of old ones.
"""

from __future__ import annotations

import contextlib
import datetime
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection
from django.utils import timezone

from portal.notices.claims import Parcel, Run
from portal.notices.enums import REMINDERS, Needless, NoticeKind
from portal.notices.models import Delivery
from portal.notices.outcomes import drop
from portal.notices.reminders.subjects import SUBJECTS, ReminderKey, Subject

CHECKED = (*REMINDERS, NoticeKind.FILE_EXPIRING)


def still_current(run: Run, parcels: Sequence[Parcel]) -> list[Parcel]:
    """The parcels without what is no longer so; that is dropped, with the reason."""
    keys = _keys(delivery for parcel in parcels for delivery in parcel.deliveries)
    if not keys:
        return list(parcels)
    deadlines = _deadlines(keys.values())
    current = []
    for parcel in parcels:
        reasons = _reasons(parcel, keys, deadlines)
        for reason in set(reasons.values()):
            drop(run, [pk for pk, why in reasons.items() if why == reason], reason)
        kept = [delivery for delivery in parcel.deliveries if delivery.pk not in reasons]
        if kept:
            current.append(Parcel(kept) if reasons else parcel)
    return current


def _keys(deliveries: Iterable[Delivery]) -> dict[int, ReminderKey]:
    """Of the deliveries that remind of a deadline; other news of the same kinds have other keys."""
    keys = {}
    for delivery in deliveries:
        notice = delivery.notice
        subject = SUBJECTS.get(NoticeKind(notice.kind)) if notice and notice.kind in CHECKED else None
        if subject and notice and notice.key.startswith(f"{subject.name}:"):
            with contextlib.suppress(ValueError):  # keys of long ago
                keys[delivery.pk] = ReminderKey.parse(notice.key)
    return keys


def _deadlines(keys: Iterable[ReminderKey]) -> dict[tuple[str, str], datetime.date]:
    """By subject and row, of those rows that are still open: one query a subject."""
    rows: dict[str, set[str]] = defaultdict(set)
    for key in keys:
        rows[key.name].add(key.row)
    found: dict[tuple[str, str], datetime.date] = {}
    for subject in SUBJECTS.values():
        if subject.name in rows:
            found |= {(subject.name, row): deadline for row, deadline in _open(subject, rows[subject.name])}
    return found


def _open(subject: Subject, ids: Iterable[str]) -> list[tuple[str, datetime.date]]:
    values: dict[str, Any] = {"ids": list(ids), "latest": datetime.date.max, "today": timezone.localdate()}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, deadline FROM ({subject.select(only=True)}) AS item",  # noqa: S608 - constants
            values | subject.parameters(),
        )
        return cursor.fetchall()


def _reasons(
    parcel: Parcel, keys: dict[int, ReminderKey], deadlines: dict[tuple[str, str], datetime.date]
) -> dict[int, Needless]:
    """By delivery, why it is needless. Of one matter the newest reminder stays."""
    reasons: dict[int, Needless] = {}
    told: set[tuple[str, str]] = set()
    for delivery in sorted(parcel.deliveries, key=lambda row: row.notice_id or 0, reverse=True):
        if not (key := keys.get(delivery.pk)):
            continue
        matter = (key.name, key.row)
        if matter not in deadlines:
            reasons[delivery.pk] = Needless.CLOSED
        elif deadlines[matter] != key.deadline:
            reasons[delivery.pk] = Needless.MOVED
        elif matter in told:
            reasons[delivery.pk] = Needless.REPLACED
        else:
            told.add(matter)
    return reasons
