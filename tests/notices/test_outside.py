"""By which ways a notice leaves the portal, and when."""

import datetime
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from portal.notices.actions import notify
from portal.notices.enums import Channel, NoticeKind, Pace
from portal.notices.models import Delivery, Route
from portal.notices.outside import DIGEST_TIME, next_digest
from portal.working_days import is_working_day
from tests.factories.accounts import UserFactory

SHANGHAI = ZoneInfo("Asia/Shanghai")
FIRST, LAST = datetime.datetime.fromisoformat("2026-01-01T00:00"), datetime.datetime.fromisoformat("2026-12-20T00:00")
MOMENTS = st.datetimes(FIRST, LAST, timezones=st.just(SHANGHAI))


def at(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("pace", "now", "then"),
    [
        (Pace.AT_ONCE, "2026-11-28T23:10", "2026-11-28T23:10"),
        (Pace.DAILY, "2026-11-27T08:30", "2026-11-27T09:00"),
        (Pace.DAILY, "2026-11-27T09:00", "2026-11-30T09:00"),
        (Pace.DAILY, "2026-09-30T15:00", "2026-10-08T09:00"),  # the National Day week
        (Pace.DAILY, "2026-10-09T15:00", "2026-10-10T09:00"),  # a Saturday on which one works
        (Pace.WEEKLY, "2026-11-30T08:59", "2026-11-30T09:00"),
        (Pace.WEEKLY, "2026-11-30T09:01", "2026-12-07T09:00"),
        (Pace.WEEKLY, "2026-09-29T09:01", "2026-10-08T09:00"),
    ],
)
def test_a_digest_goes_out_on_the_morning_of_a_working_day(pace, now, then):
    assert next_digest(pace, at(now)) == at(then)


@given(now=MOMENTS, pace=st.sampled_from([Pace.DAILY, Pace.WEEKLY]))
def test_the_next_digest_is_the_first_one_after_now(now, pace):
    then = next_digest(pace, now)
    assert now < then
    assert then.astimezone(SHANGHAI).time() == DIGEST_TIME
    assert is_working_day(then.astimezone(SHANGHAI).date())
    assert next_digest(pace, then - datetime.timedelta(microseconds=1)) == then


def tell(person, kind=NoticeKind.ACCEPTED):
    notify(recipients=[person], kind=kind, key=f"event:{kind}", path="/", data={"title": "任务"})


@pytest.mark.django_db
class TestRoutes:
    def test_who_set_nothing_gets_mail_at_once(self):
        tell(UserFactory())
        row = Delivery.objects.get()
        assert row.channel == Channel.EMAIL
        assert row.next_attempt_at <= timezone.now()

    def test_each_active_way_gets_one(self):
        person = UserFactory()
        Route.objects.create(user=person, channel=Channel.EMAIL, pace=Pace.WEEKLY)
        Route.objects.create(user=person, channel=Channel.WECOM, address="https://robot.example/")
        Route.objects.create(user=person, channel=Channel.DINGTALK, address="https://b.example/", is_active=False)
        tell(person)
        times = dict(Delivery.objects.values_list("channel", "next_attempt_at"))
        assert set(times) == {Channel.EMAIL, Channel.WECOM}
        assert times[Channel.WECOM] <= timezone.now()
        assert times[Channel.EMAIL] == next_digest(Pace.WEEKLY, timezone.now())

    def test_who_switched_everything_off_gets_mail(self):
        person = UserFactory()
        Route.objects.create(user=person, channel=Channel.EMAIL, is_active=False)
        tell(person)
        assert Delivery.objects.get().channel == Channel.EMAIL

    def test_what_is_not_statutory_can_be_left_to_the_inbox(self):
        person = UserFactory()
        Route.objects.create(user=person, channel=Channel.EMAIL, statutory_only=True)
        tell(person)
        assert not Delivery.objects.exists()
        assert person.notices.count() == 1
        tell(person, NoticeKind.RETURNED)
        assert Delivery.objects.count() == 1
