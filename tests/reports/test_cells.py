"""Tallies, rows and facts tell the same of every day, whatever happened and whenever it was counted."""

import datetime
from collections import Counter

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from portal.accounts.enums import InstitutionKind
from portal.accounts.models import Institution
from reports import progress, tallies
from reports.cells import counts
from reports.models import DailyTally, OpeningBalance, Standing
from reports.progress import Figures
from tasks.enums import CLOSED, AssignmentState
from tasks.models import Assignment, AssignmentChange
from tests.factories.accounts import InstitutionFactory, RegionFactory
from tests.factories.plan import PlanFactory, TaskFactory, ThemeFactory
from tests.factories.tasks import AssignmentFactory
from tests.reports.histories import DAY, FIRST, LAST, moves_to, noon

S = AssignmentState
moves = moves_to([S.NOT_STARTED, S.IN_PROGRESS, S.ACCEPTED])


class TestAnyHistory(TestCase):
    """Three groups: two institutions of one kind and region, one alone, one without a task."""

    def setUp(self):
        plan = PlanFactory()
        self.tasks = [TaskFactory(theme=ThemeFactory(plan=plan)) for _number in range(2)]
        self.plan = plan
        here, there = RegionFactory(), RegionFactory()
        kinds = [(InstitutionKind.FUTURES, here), (InstitutionKind.FUTURES, here), (InstitutionKind.FUND, there)]
        self.institutions = [InstitutionFactory(kind=kind, region=region) for kind, region in kinds]
        InstitutionFactory(kind=InstitutionKind.CORE, region=here)
        AssignmentFactory(institution=self.institutions[0])  # of another plan

    @settings(max_examples=20)
    @given(st.lists(moves, max_size=14), st.sets(st.integers(0, LAST), min_size=2, max_size=4))
    def test_every_day_is_told_alike(self, history, days):
        rows = [
            AssignmentFactory(task=task, institution=body, deadline=FIRST, created_at=noon(0), changed_at=noon(0))
            for task in self.tasks
            for body in self.institutions
        ]
        known = {row.pk: [(-1, None, None), (0, S.NOT_STARTED, FIRST)] for row in rows}
        for minute, move in enumerate(sorted(history, key=lambda move: move[0]), start=1):
            day, index, state, deadline, is_counted = move
            at = noon(day) + datetime.timedelta(minutes=minute)
            stamps = {"started_at": at, "submitted_at": at, "accepted_at": at if state == S.ACCEPTED else None}
            if state == S.NOT_STARTED:
                stamps = dict.fromkeys(stamps)
            Assignment.objects.filter(pk=rows[index].pk).update(state=state, deadline=deadline, changed_at=at, **stamps)
            known[rows[index].pk].append((day, state, deadline))
            if is_counted:
                tallies.count_changes()
        for day in [*days, None]:
            for scope in ([0, 1, 2], [0], [0, 2]):
                self.compare(rows, known, day, [self.institutions[index] for index in scope])
        assert tallies.differences() == 0
        self.assert_rebuilt_alike()

    def compare(self, rows, known, day, scope):
        expected = Counter()
        for row in rows:
            if row.institution in scope:
                _day, state, deadline = [fact for fact in known[row.pk] if day is None or fact[0] <= day][-1]
                if state:
                    expected[row.task_id, row.institution.kind, state, deadline] += 1
        asked_for = FIRST + day * DAY if day is not None else timezone.localdate()
        found = counts(
            Institution.objects.filter(pk__in=[body.pk for body in scope]),
            plan=self.plan,
            day=asked_for,
            by=("task", "kind", "deadline"),
        )
        assert {(*count.key[:2], count.state, count.key[2]): count.number for count in found} == expected
        for count in found:
            is_late = count.key[2] < asked_for and count.state not in CLOSED
            assert count.late == (count.number if is_late else 0)

    def assert_rebuilt_alike(self):
        tallies.count_changes()
        before = self.kept()
        assert tallies.rebuild() == AssignmentChange.objects.count()
        assert self.kept() == before

    def kept(self):
        cell = ("task", "kind", "region", "state", "deadline")
        daily = DailyTally.objects.exclude(change=0).values_list("day", *cell, "change")
        opening = OpeningBalance.objects.exclude(number=0).values_list("month", *cell, "number")
        return sorted(daily), sorted(opening), sorted(Standing.objects.values_list(*cell, "number"))


@pytest.mark.django_db
def test_the_scope_gives_what_its_rows_give(small):
    plan, _rows = small
    today = timezone.localdate()
    by_rows = progress.measure(Assignment.objects.all(), plan=plan, today=today)
    for _turn in range(2):
        scope = progress.measure_scope(Institution.objects.all(), plan=plan, day=today)
        assert {key: cell for key, cell in scope.cells.items() if cell.total} == by_rows.cells
        tallies.count_changes()


@pytest.mark.django_db
def test_nobody_and_nothing(small):
    plan, _rows = small
    long_ago = datetime.date(2001, 1, 1)
    assert progress.measure_scope(Institution.objects.none(), plan=plan, day=timezone.localdate()).total == Figures()
    assert progress.measure_scope(Institution.objects.all(), plan=plan, day=long_ago).total == Figures()


@pytest.mark.django_db
def test_the_queries_do_not_grow(small, django_assert_num_queries):
    plan, _rows = small
    for institutions in (Institution.objects.all(), Institution.objects.filter(pk=Institution.objects.first().pk)):
        with django_assert_num_queries(3):
            progress.measure_scope(institutions, plan=plan, day=timezone.localdate() - DAY)


@pytest.mark.django_db
def test_the_command_rebuilds_and_checks(small, capsys):
    call_command("rebuild_tallies")
    call_command("rebuild_tallies", "--check")
    DailyTally.objects.filter(pk=DailyTally.objects.first().pk).update(change=99)
    with pytest.raises(CommandError):
        call_command("rebuild_tallies", "--check")
    call_command("rebuild_tallies")
    call_command("rebuild_tallies", "--check")


@pytest.fixture
def small(db):
    from tests.factories.reports import small_industry

    plan, _institutions = small_industry()
    return plan, list(Assignment.objects.filter(task__plan=plan))
