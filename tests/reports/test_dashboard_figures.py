"""The dashboard's figures of any day are those that a plain recount of what happened gives."""

import datetime
from collections import Counter

import pytest
import time_machine
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from assessments.enums import SelfAssessmentState
from assessments.models import SelfAssessment
from plan.enums import RequirementKind
from portal.accounts.models import Institution
from reports import progress
from reports.progress import Condition
from reports.progress.institutions import lateness_of
from tasks.enums import AssignmentState
from tasks.models import Assignment
from tests.factories.accounts import InstitutionFactory
from tests.factories.assessments import AnswerFactory, CycleFactory, SelfAssessmentFactory
from tests.factories.plan import PlanFactory, RequirementFactory, TaskFactory, ThemeFactory
from tests.factories.tasks import AssignmentFactory
from tests.reports.histories import DAY, FIRST, LAST, History, moves, noon

S, C = AssignmentState, Condition


def condition(state, deadline, day):
    """The rule again, as it is printed."""
    if state in (S.ACCEPTED, S.NOT_APPLICABLE):
        return C.DONE if state == S.ACCEPTED else C.NONE
    if deadline < day:
        return C.OVERDUE
    is_soon = deadline <= day + 30 * DAY and state != S.SUBMITTED
    return C.AT_RISK if state == S.RETURNED or is_soon else C.ON_COURSE


class TestAnyHistory(History, TestCase):
    @settings(max_examples=25)
    @given(st.lists(moves, max_size=14), st.integers(0, LAST))
    def test_every_day_is_recounted_alike(self, history, day):
        self.live(history)
        for scope in ([0, 1, 2], [0], [0, 2]):
            for theme in (None, self.tasks[0].theme):
                self.compare(day, scope, theme)
                self.compare(None, scope, theme)

    def compare(self, number, scope, theme):
        day = timezone.localdate() if number is None else FIRST + number * DAY
        bodies = [self.institutions[index] for index in scope]
        asked = {"plan": self.plan, "day": day, "theme": theme}
        seen = Institution.objects.filter(pk__in=[body.pk for body in bodies])
        rows = [row for row in self.rows if row.institution in bodies and theme in (None, row.task.theme)]

        expected = {}
        for row in rows:
            expected.setdefault((row.task_id, row.institution.kind), Counter())[condition(*self.at(row, day), day)] += 1
        assert progress.position(seen, **asked).conditions == expected

        weeks = progress.course(seen, **asked)
        assert progress.stood(seen, **asked) == next(week for week in weeks if week.day == day)
        for week in weeks:
            stood = [self.at(row, week.day) for row in rows]
            due = [self.at(row, day)[1] for row in rows]
            assert week.due == sum(deadline <= week.day for deadline in due)
            if week.day <= day:
                states = Counter(found[0] for found in stood if found)
                assert (week.accepted, week.signed) == (states[S.ACCEPTED], states[S.ACCEPTED] + states[S.SUBMITTED])
            else:
                assert week.accepted is None

        found = progress.standings(bodies, tasks=[row.task for row in rows], day=day)
        assert found == {
            (row.institution_id, row.task_id): (row.pk, condition(*self.at(row, day), day)) for row in rows
        }


@pytest.mark.parametrize(
    ("late", "expected"),
    [(-31, 0), (-30, 1), (0, 1), (1, 2), (30, 2), (31, 3), (90, 3), (91, 4), (180, 4), (181, 5), (9999, 5)],
)
@pytest.mark.django_db
def test_ages_begin_and_end_where_they_say(late, expected):
    day = datetime.date(2026, 6, 30)
    assert lateness_of(day - late * DAY, day) == expected
    AssignmentFactory(deadline=day - late * DAY, created_at=noon(0), changed_at=noon(0))
    (pile,) = progress.position(Institution.objects.all(), plan=Assignment.objects.get().task.plan, day=day).piles
    assert pile.lateness == expected


@pytest.mark.parametrize(
    ("counted", "expected"),
    [
        ({}, C.NONE),
        ({C.NONE: 9}, C.NONE),
        ({C.OVERDUE: 11, C.DONE: 89}, C.OVERDUE),
        ({C.OVERDUE: 10, C.DONE: 90}, C.AT_RISK),
        ({C.OVERDUE: 1, C.DONE: 999}, C.AT_RISK),
        ({C.AT_RISK: 21, C.DONE: 79}, C.AT_RISK),
        ({C.AT_RISK: 20, C.DONE: 80}, C.ON_COURSE),
        ({C.AT_RISK: 10, C.DONE: 90}, C.DONE),
        ({C.ON_COURSE: 1, C.DONE: 9, C.NONE: 90}, C.DONE),
        ({C.ON_COURSE: 5}, C.ON_COURSE),
    ],
)
def test_conditions_together_follow_the_printed_shares(counted, expected):
    assert progress.condition_among(Counter(counted)) == expected


@pytest.mark.django_db
def test_steps_hold_all_that_came_further():
    plan = PlanFactory()
    task = TaskFactory(theme__plan=plan)
    for state in [*S, S.ACCEPTED, S.RETURNED]:
        AssignmentFactory(task=task, state=state)
    found = progress.position(Institution.objects.all(), plan=plan, day=timezone.localdate())
    assert [step.number for step in found.reached] == [8, 7, 4, 3, 2]
    assert found.reached[1].standing == [(S.IN_PROGRESS, 1), (S.RETURNED, 2)]


def signed(institution, cycle, day, levels, version=1, **fields):
    """A version signed on that day, with the levels given to the requirements."""
    state = fields.pop("state", SelfAssessmentState.SUBMITTED)
    with time_machine.travel(noon(day), tick=False):
        row = SelfAssessmentFactory(institution=institution, cycle=cycle, version=version, state=state, **fields)
    for requirement, level in levels.items():
        AnswerFactory(self_assessment=row, requirement=requirement, level=level)


@pytest.mark.django_db
def test_maturity_is_that_of_the_last_version_signed_by_the_day():
    plan = PlanFactory(starts_on=FIRST - 10 * DAY)
    themes = [ThemeFactory(plan=plan), ThemeFactory(plan=plan)]
    first, second = (
        RequirementFactory(task=TaskFactory(theme=theme), kind=RequirementKind.MATURITY) for theme in themes
    )
    cycle = CycleFactory(plan=plan, opens_on=FIRST)
    returned, other, withdrawn, drafting = (InstitutionFactory() for _ in range(4))
    signed(returned, cycle, 0, {first: 1, second: 2}, state=SelfAssessmentState.RETURNED)
    signed(returned, cycle, 20, {first: 3, second: 3}, version=2)
    signed(other, cycle, 5, {first: 5})
    signed(withdrawn, cycle, 1, {first: 0}, state=SelfAssessmentState.WITHDRAWN, withdrawn_at=noon(10))
    draft = SelfAssessmentFactory(institution=drafting, cycle=cycle)
    AnswerFactory(self_assessment=draft, requirement=first, level=4)

    def levels(day):
        found = progress.maturity(SelfAssessment.objects.all(), cycle=cycle, day=FIRST + day * DAY, themes=themes)
        return found.institutions, [dict(found.levels[theme]) for theme in themes]

    assert levels(0) == (1, [{1: 1}, {2: 1}])
    assert levels(9) == (3, [{1: 1, 5: 1, 0: 1}, {2: 1}])
    assert levels(10) == (2, [{1: 1, 5: 1}, {2: 1}])
    assert levels(20) == (2, [{3: 1, 5: 1}, {3: 1}])
    assert str(progress.mean_level(Counter({3: 1, 5: 2, 0: 1}))) == "3.3"
    assert progress.mean_level(Counter()) is None
    rows = SelfAssessment.objects.all()
    later = CycleFactory(plan=plan, opens_on=FIRST, period_starts_on=datetime.date(2029, 1, 1))
    assert progress.cycle_by(rows, plan=plan, day=FIRST - DAY) is None
    assert progress.cycle_by(rows, plan=plan, day=FIRST) == cycle
    signed(other, later, 30, {first: 1})
    assert progress.cycle_by(rows, plan=plan, day=FIRST + 29 * DAY) == cycle
    assert progress.cycle_by(rows, plan=plan, day=FIRST + 30 * DAY) == later


@pytest.mark.django_db
def test_the_worst_institutions_come_first_and_pages_hold_each_once():
    plan = PlanFactory()
    tasks = [TaskFactory(theme__plan=plan) for _number in range(3)]
    bodies = [InstitutionFactory() for _number in range(4)]
    InstitutionFactory()  # has no task
    yesterday = timezone.localdate() - DAY
    for late, body in zip([1, 3, 0, 2], bodies, strict=True):
        for n, task in enumerate(tasks):
            AssignmentFactory(task=task, institution=body, deadline=yesterday if n < late else yesterday + 90 * DAY)
    pages = [progress.worst_first(Institution.objects.all(), tasks=tasks, start=start, limit=3) for start in (0, 3)]
    assert [page.has_next for page in pages] == [True, False]
    assert [body for page in pages for body in page.institutions] == [bodies[n] for n in (1, 3, 0, 2)]
