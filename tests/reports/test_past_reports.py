"""A report as at a past day says what was known then: the same figures as a recount of what happened by then."""

import datetime
import json
import re
from collections import Counter

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from assessments.enums import SelfAssessmentState, StepKind, Verdict
from assessments.models import RectificationStep, Remark
from reports import progress
from reports.contents.asked import Asked
from reports.contents.kinds import CONTENTS
from reports.documents import compose
from reports.enums import ReportKind
from tasks.enums import CLOSED, AssignmentState
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, membership_of
from tests.factories.assessments import CycleFactory, ReviewFactory, SelfAssessmentFactory, scored
from tests.factories.plan import PlanFactory, RequirementFactory, TaskFactory
from tests.factories.rectifications import RectificationFactory
from tests.factories.reports import ReportFactory
from tests.factories.tasks import AssignmentFactory, SubmissionFactory
from tests.reports.histories import DAY, FIRST, LAST, History, moves

S = AssignmentState


def asked_by(report) -> Asked:
    return Asked(report, membership_of(report.requested_by), timezone.localtime())


def read(asked, key):
    """What a section of that kind of report prints."""
    section = next(one for one in CONTENTS[ReportKind(asked.report.kind)].sections if one.key == key)
    return section.read(asked)


class TestAnyHistory(History, TestCase):
    def setUp(self):
        super().setUp()
        authority = AuthorityFactory()
        self.scope = ReportFactory(plan=self.plan, authority=authority)
        self.task = ReportFactory(
            kind=ReportKind.TASK,
            plan=self.plan,
            authority=authority,
            task=self.tasks[0],
            requested_by=self.scope.requested_by,
        )
        self.own = ReportFactory(plan=self.plan, institution=self.institutions[0])

    @settings(max_examples=20)
    @given(st.lists(moves, max_size=14), st.integers(0, LAST))
    def test_every_figure_is_what_was_known_then(self, history, number):
        self.live(history)
        day = FIRST + number * DAY
        for report in (self.scope, self.task, self.own):
            report.day = day
        own, task = self.institutions[0], self.tasks[0]
        self.compare(self.scope, self.rows, day)
        self.compare(self.task, [row for row in self.rows if row.task == task], day)
        self.compare(self.own, [row for row in self.rows if row.institution == own], day)

        told = [(row.task, row.state, row.deadline, days) for row, days in read(asked_by(self.own), "tasks")["rows"]]
        mine = {row.task: self.at(row, day) for row in self.rows if row.institution == own}
        assert told == [
            (task, state, deadline, 0 if state in CLOSED else max((day - deadline).days, 0))
            for task, (state, deadline) in sorted(mine.items(), key=lambda one: one[0].number)
        ]

    def figures(self, rows, day):
        stood = [self.at(row, day) for row in rows]
        late = sum(deadline < day and state not in CLOSED for state, deadline in stood)
        return +Counter(state for state, _deadline in stood), late

    def compare(self, report, rows, day):
        asked = asked_by(report)
        assert asked.is_past
        found = asked.progress
        assert (+found.total.states, found.total.overdue) == self.figures(rows, day)
        assert (
            found.total == progress.measure_scope(asked.institutions, plan=self.plan, day=day, task=report.task).total
        )
        for subject, figures in found.by_task:
            here = [row for row in rows if row.task == subject]
            assert (+figures.states, figures.overdue) == self.figures(here, day)
        for body, figures in asked.by_institution.rows:
            here = [row for row in rows if row.institution == body]
            assert (+figures.states, figures.overdue) == self.figures(here, day)
        if report.authority is None:
            return
        late = {(row.institution, row.task): days for row, days in read(asked, "overdue")["overdue"]}
        known = {row: self.at(row, day) for row in rows}
        assert late == {
            (row.institution, row.task): (day - deadline).days
            for row, (state, deadline) in known.items()
            if deadline < day and state not in CLOSED
        }
        waits = any(state == S.SUBMITTED for state, _deadline in known.values())
        assert bool(read(asked, "waiting")["waiting_since"]) == waits
        regions = read(asked, "regions")["lines"]
        assert sum(figures.overdue for _region, figures in regions) == len(late)


def noon(day):
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time(12)))


@pytest.fixture
def then():
    return timezone.localdate() - 40 * DAY


@pytest.fixture
def plan(then):
    return PlanFactory(starts_on=then - 300 * DAY, ends_on=then + 300 * DAY)


def data_of(report, day):
    report.day = day
    return json.loads(compose(report).data)


@pytest.mark.django_db
def test_submissions_and_verdicts_after_the_day_are_left_out(plan, then):
    requirement = RequirementFactory(task=TaskFactory(theme__plan=plan))
    before = noon(then - 3 * DAY)
    row = AssignmentFactory(task=requirement.task, state=S.SUBMITTED, created_at=before, changed_at=before)
    first = SubmissionFactory(assignment=row, number=1, signed_at=before)
    review = ReviewFactory(submission=first, verdict=Verdict.RETURNED, created_at=noon(then))
    Remark.objects.create(review=review, requirement=requirement, text="补充说明。")
    SubmissionFactory(assignment=row, number=2, signed_at=noon(then + DAY))
    own = ReportFactory(plan=plan, institution=row.institution)
    above = ReportFactory(kind=ReportKind.TASK, plan=plan, authority=AuthorityFactory(), task=row.task)
    for days, verdict, submissions, is_open in [(-1, None, 1, 0), (0, "returned", 1, 1), (1, "returned", 2, 0)]:
        data = data_of(own, then + days * DAY)
        (told,) = data["tasks"]
        assert (told["submissions"], told["last_verdict"], len(data["open_returns"])) == (submissions, verdict, is_open)
        assert told["deadline_is_official"] is None
        returned = data_of(above, then + days * DAY)["returned"]
        assert [line["in_submissions"] for line in returned] == ([1] if verdict else [])


@pytest.mark.django_db
def test_rectifications_stand_as_their_steps_had_left_them(plan, then):
    requirement = RequirementFactory(task=TaskFactory(theme__plan=plan))
    with time_machine.travel(noon(then), tick=False):
        row = RectificationFactory(requirement=requirement, deadline=then - DAY)
    with time_machine.travel(noon(then + 2 * DAY), tick=False):
        for kind, deadline in ((StepKind.RESCHEDULED, then + 9 * DAY), (StepKind.CLOSED, then + 9 * DAY)):
            RectificationStep.objects.create(rectification=row, kind=kind, deadline=deadline, by=row.opened_by)
    above = ReportFactory(plan=plan, authority=AuthorityFactory())
    found = [data_of(above, then + days * DAY)["rectifications"] for days in (-1, 1, 2)]
    assert [(one["total"], one["open"], one["overdue"], one["closed"]) for one in found] == [
        (0, 0, 0, 0),
        (1, 1, 1, 0),
        (1, 0, 0, 1),
    ]
    assert [one["days_late"] for one in found[1]["late"]] == [2]


@pytest.mark.django_db
def test_a_self_assessment_stands_as_it_stood(plan, then):
    signed = scored(
        InstitutionFactory(),
        CycleFactory(plan=plan),
        "3.2500",
        signed_at=noon(then - DAY),
        reviewed_at=noon(then + DAY),
    )
    ReviewFactory(self_assessment=signed, comment="落实较好。", created_at=noon(then + DAY))
    own = ReportFactory(kind=ReportKind.ASSESSMENT, plan=plan, institution=signed.institution, self_assessment=signed)
    above = ReportFactory(plan=plan, authority=AuthorityFactory())
    for days, state, means in [(0, "submitted", []), (1, "accepted", ["3.3"])]:
        data = data_of(own, then + days * DAY)
        assert (data["scope"]["state"], bool(data["review"])) == (state, state == "accepted")
        assert data["scores"][0]["by_cycle"] == [{"cycle": signed.cycle.local_title, "score": "3.3"}]
        lines = data_of(above, then + days * DAY)["mean_scores"]["lines"]
        assert lines[0]["means"] == means
    with pytest.raises(PermissionDenied):
        data_of(own, then - 2 * DAY)


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [ReportKind.SUPERVISORY, ReportKind.TASK, ReportKind.STATUS, ReportKind.ASSESSMENT])
def test_of_nothing_every_section_says_so(plan, then, kind):
    """An empty scope: no figure, no percent of nothing, no table without a row."""
    institution, authority = InstitutionFactory(), AuthorityFactory()
    signed = SelfAssessmentFactory(
        cycle=CycleFactory(plan=plan),
        institution=institution,
        state=SelfAssessmentState.SUBMITTED,
        signed_at=noon(then),
    )
    report = ReportFactory(
        kind=kind,
        plan=plan,
        authority=authority,
        institution=institution if kind in (ReportKind.STATUS, ReportKind.ASSESSMENT) else None,
        self_assessment=signed if kind == ReportKind.ASSESSMENT else None,
        task=TaskFactory(theme__plan=plan) if kind == ReportKind.TASK else None,
        day=then,
    )
    html = compose(report).html
    assert "None" not in html
    assert not re.search(r"<tbody>\s*</tbody>", html)
    assert "日终了" in html
