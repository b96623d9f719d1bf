"""When reminders are planned: once on each working day, from 08:30 in Asia/Shanghai on."""

from __future__ import annotations

import datetime
import logging

from django.db import DatabaseError

from portal.notices.models import ReminderRun
from portal.notices.reminders.planning import plan_reminders
from portal.notices.reminders.subjects import SUBJECTS, Subject
from portal.working_days import DAY, is_working_day, on_or_after

logger = logging.getLogger(__name__)

MORNING = datetime.time(8, 30)


def send_if_due(*, now: datetime.datetime) -> int:
    """Plan what was not yet planned today; returns how many notices that made.

    What yesterday missed is in it, since a stage is due until it was sent.
    """
    today = now.date()
    if now.time() < MORNING or not is_working_day(today):
        return 0
    done = _done(today)
    return sum(_planned(subject, today) for kind, subject in SUBJECTS.items() if kind not in done)


def _planned(subject: Subject, today: datetime.date) -> int:
    """One kind that cannot be planned must not silence the others; it is tried again and shown as late until then."""
    try:
        return sum(plan_reminders(subject, today=today).values())
    except DatabaseError:
        logger.exception("Reminders of %s cannot be planned", subject.name)
        return 0


def next_run(now: datetime.datetime) -> datetime.datetime:
    """When the next reminders are planned; in the past while a run of today is still to come."""
    today = now.date()
    day = on_or_after(today if set(SUBJECTS) - _done(today) else today + DAY)
    return datetime.datetime.combine(day, MORNING, now.tzinfo)


def _done(day: datetime.date) -> set[str]:
    return set(ReminderRun.objects.filter(day=day).values_list("kind", flat=True))
