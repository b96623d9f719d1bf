"""When a stage is due, and which counts: for any stages, days and deadlines."""

import datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.notices.enums import Addressee as A
from portal.notices.enums import DayUnit
from portal.notices.reminders.stages import Stage, Track, current, days_of, tracks
from portal.working_days import DAY, is_working_day
from tests.notices.stages import days, rules, stages


@given(stages(), days)
def test_a_stage_is_due_on_a_working_day(stage, deadline):
    day = stage.day_for(deadline)
    assert is_working_day(day)
    assert day <= deadline if stage.offset <= 0 else day > deadline


@given(stages(), days, st.integers(0, 60))
def test_a_later_deadline_is_never_reminded_of_earlier(stage, deadline, more):
    assert stage.day_for(deadline) <= stage.day_for(deadline + DAY * more)


@given(stages(), days)
def test_the_latest_deadline_is_the_inverse_of_the_day(stage, today):
    latest = stage.latest_deadline(today)
    assert stage.day_for(latest) <= today < stage.day_for(latest + DAY)


@given(rules(), days)
def test_the_intervals_of_a_track_are_a_partition(told, today):
    for track in tracks(told):
        intervals = sorted((low, high) for _stage, low, high in track.stages_on(today))
        assert intervals[0][0] == datetime.date.min
        assert intervals[-1][1] == max(stage.latest_deadline(today) for stage in track.stages)
        assert all(low < high for low, high in intervals)
        assert all(before[1] == after[0] for before, after in pairwise(intervals))


@given(rules(60), days, st.integers(0, 90))
def test_a_stage_counts_from_its_day_until_a_later_one_is_due(told, deadline, shift):
    today = deadline + DAY * (shift - 60)
    for track in tracks(told):
        due = [stage for stage in track.stages if stage.day_for(deadline) <= today]
        assert current(track, deadline, today) == max(due, key=lambda stage: stage.order, default=None)


@given(rules(30), days)
def test_every_stage_is_told_on_its_day_or_a_later_one_was_due_by_then(told, deadline):
    for track in tracks(told):
        start, end = deadline - DAY * 60, deadline + DAY * 60
        first = {}
        for one in days_of(track, deadline, start=start, end=end):
            first.setdefault(one.stage, one.day)
        for stage in track.stages:
            due = stage.day_for(deadline)
            later = [other for other in track.stages if other.order > stage.order and other.day_for(deadline) <= due]
            assert first.get(stage) == (None if later else due)


def test_two_units_around_a_holiday_do_not_change_places():
    """Seven days before 3 October is 26 September; two working days before it is 29 September, and is told."""
    week, two_days = Stage(-7, DayUnit.CALENDAR, (A.LIAISON,)), Stage(-2, DayUnit.WORKING, (A.LIAISON,))
    deadline = datetime.date(2026, 10, 3)
    days = days_of(Track(A.LIAISON, (week, two_days)), deadline, start=deadline - DAY * 20, end=deadline)
    assert [told.stage for told in days] == [week, two_days]


@pytest.mark.parametrize(("days", "label"), [(7, "+7d.7"), (20, "+7d.7"), (21, "+7d.21"), (34, "+7d.21")])
def test_a_repetition_is_named_by_its_days_so_a_new_interval_silences_nothing(days, label):
    stage = Stage(7, DayUnit.CALENDAR, (A.CIO,), every=14)
    deadline = datetime.date(2026, 3, 2)
    assert stage.label_on(deadline + DAY * days, deadline) == label
