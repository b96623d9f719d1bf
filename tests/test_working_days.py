"""Working days in China, against the State Council's notice for 2026 and against a naive count."""

import datetime

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from portal.working_days import (
    DAY,
    KNOWN_UNTIL,
    festival,
    is_estimated,
    is_working_day,
    later_each,
    on_or_after,
    on_or_before,
    shifted,
)

DAYS = st.dates(datetime.date(2003, 1, 1), datetime.date(2028, 12, 31))


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("2026-01-01", "元旦"),
        ("2026-02-16", "春节"),
        ("2026-02-23", "春节"),
        ("2026-04-06", "清明节"),
        ("2026-05-05", "劳动节"),
        ("2026-06-19", "端午节"),
        ("2026-09-25", "中秋节"),
        ("2026-10-07", "国庆节"),
    ],
)
def test_holidays_of_2026_are_free_though_they_are_weekdays(text, name):
    assert day(text).weekday() < 5
    assert not is_working_day(day(text))
    assert festival(day(text)) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("2026-01-04", "元旦"),
        ("2026-02-14", "春节"),
        ("2026-02-28", "春节"),
        ("2026-05-09", "劳动节"),
        ("2026-09-20", "国庆节"),
        ("2026-10-10", "国庆节"),
    ],
)
def test_make_up_days_of_2026_are_worked_though_they_are_weekends(text, name):
    assert day(text).weekday() >= 5
    assert is_working_day(day(text))
    assert festival(day(text)) == name


def test_other_days_are_what_their_weekday_says():
    assert is_working_day(day("2026-11-27"))
    assert not is_working_day(day("2026-11-28"))
    assert festival(day("2026-11-27")) is None
    assert not is_estimated(day("2026-11-27"))


def test_festivals_have_english_names():
    with translation.override("en"):
        assert str(festival(day("2026-10-01")))


@pytest.mark.parametrize("year", [2003, KNOWN_UNTIL + 1, KNOWN_UNTIL + 70])
def test_years_without_a_notice_are_estimated_from_monday_to_friday(year):
    first = datetime.date(year, 10, 1)
    for offset in range(14):
        estimated = first + offset * DAY
        assert is_estimated(estimated)
        assert is_working_day(estimated) == (estimated.weekday() < 5)
        assert festival(estimated) is None


def test_a_year_that_is_known_borders_on_one_that_is_not():
    assert not is_estimated(datetime.date(KNOWN_UNTIL, 12, 31))
    assert is_estimated(datetime.date(KNOWN_UNTIL + 1, 1, 1))


@given(DAYS)
def test_the_nearest_working_day_on_either_side(start):
    before, after = on_or_before(start), on_or_after(start)
    assert before <= start <= after
    assert is_working_day(before)
    assert is_working_day(after)
    between = (before + n * DAY for n in range(1, (after - before).days))
    assert not any(is_working_day(free) for free in between)


@given(DAYS, st.integers(-60, 60))
def test_shifting_counts_the_working_days_in_between(start, count):
    found = shifted(start, count)
    step = DAY if count > 0 else -DAY
    passed = [start + n * step for n in range(1, abs((found - start).days) + 1)]
    assert sum(map(is_working_day, passed)) == abs(count)
    assert found == start if count == 0 else is_working_day(found)


@pytest.mark.parametrize(
    ("start", "count", "expected"),
    [
        ("2026-02-13", 1, "2026-02-14"),  # a Saturday that is worked
        ("2026-02-13", 2, "2026-02-24"),  # over the Spring Festival
        ("2026-10-08", -1, "2026-09-30"),
        ("2026-11-27", 0, "2026-11-27"),
        ("2026-11-28", 0, "2026-11-28"),  # nothing to count: a free day stays
    ],
)
def test_shifting_over_holidays(start, count, expected):
    assert shifted(day(start), count) == day(expected)


@given(DAYS, st.integers(0, 40), st.integers(1, 60))
def test_every_day_of_a_span_is_shifted_as_one_day_is(first, span, count):
    days = [first + n * DAY for n in range(span + 1)]
    assert list(later_each(first, days[-1], count)) == [shifted(one, count) for one in days]
