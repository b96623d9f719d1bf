"""Reminders are planned on the mornings of working days, and a morning that was missed is made good."""

import datetime
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from portal.accounts.enums import Role
from portal.notices.enums import NoticeKind
from portal.notices.models import Notice, ReminderRun
from portal.notices.reminders.mornings import next_run, send_if_due
from portal.notices.reminders.subjects import SUBJECTS
from tests.factories.accounts import member
from tests.factories.tasks import AssignmentFactory

pytestmark = pytest.mark.django_db


def at(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture
def liaison():
    return member(AssignmentFactory(deadline=datetime.date(2026, 11, 30)).institution, Role.LIAISON)


@pytest.mark.parametrize(
    "moment", ["2026-11-27T08:29", "2026-11-28T10:00", "2026-10-01T10:00"], ids=["early", "Saturday", "holiday"]
)
def test_nothing_is_planned_before_the_morning_of_a_working_day(liaison, moment):
    assert send_if_due(now=at(moment)) == 0
    assert not ReminderRun.objects.exists()


def test_a_make_up_working_day_is_one(liaison):
    assert send_if_due(now=at("2026-10-10T08:30")) == 0
    assert ReminderRun.objects.count() == len(SUBJECTS)


def test_a_day_is_planned_once_whenever_the_job_comes(liaison):
    assert send_if_due(now=at("2026-11-27T16:40")) == 1
    Notice.objects.all().delete()
    assert send_if_due(now=at("2026-11-27T16:50")) == 0


def test_what_three_days_missed_is_said_on_the_fourth(liaison):
    send_if_due(now=at("2026-11-20T08:30"))
    send_if_due(now=at("2026-11-27T08:30"))
    labels = [key.rsplit(":", 1)[-1] for key in Notice.objects.order_by("pk").values_list("key", flat=True)]
    assert labels == ["-30d", "-1d"]


def test_one_kind_that_fails_does_not_silence_the_others(liaison, monkeypatch, caplog):
    first = next(iter(SUBJECTS))
    assert first != NoticeKind.REMINDER
    monkeypatch.setitem(SUBJECTS, first, replace(SUBJECTS[first], rows="SELECT nonsense {only}"))
    now = at("2026-11-27T09:00")
    assert send_if_due(now=now) == 1
    assert "cannot be planned" in caplog.text
    assert set(SUBJECTS) - set(ReminderRun.objects.values_list("kind", flat=True)) == {first}
    assert next_run(now) < now, "shown as late"


def test_the_next_run_is_told():
    assert next_run(at("2026-11-27T07:00")) == at("2026-11-27T08:30")
    send_if_due(now=at("2026-11-27T08:30"))
    assert next_run(at("2026-11-27T08:31")) == at("2026-11-30T08:30")


def test_a_run_of_today_that_is_still_to_come_is_shown_as_late():
    assert next_run(at("2026-11-27T11:00")) == at("2026-11-27T08:30")
