"""The calendar as calendar programs read it: all-day events in iCalendar (RFC 5545), with the titles and no more."""

from __future__ import annotations

import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from icalendar import Calendar, Event

from portal.accounts.models import CalendarFeed
from portal.states import style_of
from reports.calendar.days import entries_for
from reports.calendar.entries import Entry, Reader, Wanted
from tasks.enums import AssignmentState

DAY = datetime.timedelta(days=1)
DAYS_BACK, DAYS_AHEAD = 60, 400
ASKED_EVERY = datetime.timedelta(hours=6)


def write_feed(feed: CalendarFeed, *, today: datetime.date) -> bytes:
    """What the membership's calendar holds, in the active language. Until something changes, the same bytes all day."""
    reader = Reader(feed.user, feed.membership)
    wanted = Wanted(first=today - DAYS_BACK * DAY, last=today + DAYS_AHEAD * DAY, today=today)
    calendar = Calendar()
    calendar.add("prodid", "-//Compliance supervision portal//Calendar//ZH")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("x-wr-calname", _("期限日历（%(body)s）") % {"body": feed.membership.body.local_name})
    calendar.add("refresh-interval", ASKED_EVERY, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT6H")
    morning = timezone.make_aware(datetime.datetime.combine(today, datetime.time()))
    for entry in entries_for(reader, wanted):
        calendar.add_component(_event(entry, feed, morning))
    return calendar.to_ical()


def _event(entry: Entry, feed: CalendarFeed, morning: datetime.datetime) -> Event:
    """What changed today says when, all else this morning: some changes leave no time, such as a new schedule, and a
    program that compares times must not miss them for longer than a day.
    """
    changed_at = max(entry.changed_at or morning, morning).astimezone(datetime.UTC).replace(microsecond=0)
    event = Event()
    event.add("uid", f"{entry.key}.{feed.membership_id}@{urlsplit(settings.SITE_URL).hostname}")
    event.add("dtstamp", changed_at)
    event.add("last-modified", changed_at)
    event.add("dtstart", entry.day)
    event.add("dtend", entry.day + DAY)
    event.add("summary", _summary(entry))
    event.add("url", settings.SITE_URL + entry.url)
    event.add("status", _status(entry))
    event.add("categories", [str(entry.kind.label), *([str(style_of(entry.state).label)] if entry.state else [])])
    event.add("transp", "TRANSPARENT")
    return event


def _summary(entry: Entry) -> str:
    title = entry.title if entry.is_official else _("%(title)s（暂定）") % {"title": entry.title}
    said = _("%(kind)s：%(title)s") % {"kind": entry.kind.label, "title": title}
    if not entry.tally:
        return said
    tally = entry.tally
    if tally.open is None:
        return said + _("（机构 %(institutions)s）") % {"institutions": tally.institutions}
    counts = {"institutions": tally.institutions, "open": tally.open, "overdue": tally.overdue}
    return said + _("（机构 %(institutions)s，未完成 %(open)s，逾期 %(overdue)s）") % counts


def _status(entry: Entry) -> str:
    if entry.state == AssignmentState.NOT_APPLICABLE:
        return "CANCELLED"
    return "CONFIRMED" if entry.is_official else "TENTATIVE"
