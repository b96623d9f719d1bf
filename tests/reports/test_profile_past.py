"""机构概况 as at a past day: the figures that were known then, and of everything else what had happened by then."""

import re

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from assessments.enums import RectificationState, StepKind, Verdict
from assessments.models import Rectification, Remark, SelfAssessment
from portal.accounts.enums import Role
from portal.accounts.models import Institution
from reports import progress
from reports.profile.then import SeenThen
from reports.profile.work import work_of
from reports.progress.of_institution import files_of
from tasks.enums import AssignmentState, RequestKind, RequestState
from tasks.models import Assignment, ChangeRequest, Evidence
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, UserFactory, member, membership_of
from tests.factories.assessments import CycleFactory, ReviewFactory, scored
from tests.factories.plan import PlanFactory, RequirementFactory, TaskFactory
from tests.factories.rectifications import RectificationFactory
from tests.factories.tasks import AssignmentFactory, EvidenceFactory, SubmissionFactory
from tests.reports.histories import DAY, FIRST, LAST, History, moves, noon

S = AssignmentState


class TestAnyHistory(History, TestCase):
    def setUp(self):
        super().setUp()
        self.user = member(AuthorityFactory(), Role.OBSERVER)

    @settings(max_examples=15)
    @given(st.lists(moves, max_size=14), st.integers(0, LAST))
    def test_the_work_of_a_day_is_what_progress_says_of_the_institution(self, history, number):
        self.live(history)
        day = FIRST + number * DAY
        for institution in self.institutions:
            seen = SeenThen(institution, self.user, membership_of(self.user), self.plan, day)
            work = work_of(seen, self.plan, files_of(seen.evidence))
            alone = Institution.objects.filter(pk=institution.pk)
            then = progress.measure_scope(alone, plan=self.plan, day=day)
            assert work.figures == then.total
            assert [(row.theme, row.figures) for row in work.themes] == then.by_theme
            stood = {row: self.at(row, day) for row in self.rows if row.institution == institution}
            assert work.due == sum(deadline < day for state, deadline in stood.values())
            is_open = {row: deadline for row, (state, deadline) in stood.items() if state != S.ACCEPTED}
            late = {row: (day - deadline).days for row, deadline in is_open.items() if deadline < day}
            assert dict(work.overdue) == late
            assert {row: row.deadline for row in work.nearest} == {
                row: deadline for row, deadline in is_open.items() if deadline >= day
            }


# --- The page -----------------------------------------------------------------------------------------------


@pytest.fixture
def authority(db):
    return AuthorityFactory()


def at(number):
    return time_machine.travel(noon(number), tick=False)


def changed(assignment, number, **fields):
    Assignment.objects.filter(pk=assignment.pk).update(changed_at=noon(number), **fields)


def some_months(institution, authority, plan):
    """Signed late on day 10, returned on 20, signed again on 30 and taken back on 34; a self-assessment signed on day
    12 and accepted on 25; asked for more time on day 14, granted on 22; something to put right from day 16 on,
    answered on 24, closed on 28 and opened again on 40; a file frozen on day 10, and replaced on 30.
    """
    with at(0):
        requirement = RequirementFactory(task=TaskFactory(theme__plan=plan))
        row = AssignmentFactory(institution=institution, task=requirement.task, deadline=FIRST + 5 * DAY)
        first = EvidenceFactory(assignment=row, requirement=requirement, original_name="初稿.txt")
        cycle = CycleFactory(plan=plan, opens_on=FIRST, due_on=FIRST + 11 * DAY)
    with at(10):
        changed(row, 10, state=S.SUBMITTED, started_at=noon(1), submitted_at=noon(10))
        submission = SubmissionFactory(assignment=row)
        Evidence.objects.filter(pk=first.pk).update(frozen_at=noon(10))
    with at(12):
        own = scored(institution, cycle, "3.4")
    with at(14):
        asked = ChangeRequest.objects.create(
            assignment=row,
            kind=RequestKind.EXTENSION,
            reason="请求宽限",
            old_deadline=row.deadline,
            new_deadline=FIRST + 50 * DAY,
            requested_by=UserFactory(),
        )
    with at(16):
        wrong = RectificationFactory(institution=institution, authority=authority, deadline=FIRST + 20 * DAY)
    with at(20):
        changed(row, 20, state=S.RETURNED, returned_at=noon(20))
        review = ReviewFactory(submission=submission, authority=authority, verdict=Verdict.RETURNED)
        Remark.objects.create(review=review, requirement=requirement, text="缺盖章页")
    granted = {"state": RequestState.GRANTED, "granted_deadline": FIRST + 40 * DAY, "decided_by": UserFactory()}
    with at(22):
        ChangeRequest.objects.filter(pk=asked.pk).update(decided_at=noon(22), decision="同意宽限", **granted)
        changed(row, 22, deadline=FIRST + 40 * DAY)
    for number, kind in ((24, StepKind.ANSWERED), (28, StepKind.CLOSED), (40, StepKind.REOPENED)):
        deadline = FIRST + (60 if kind == StepKind.REOPENED else 20) * DAY
        wrong.steps.create(kind=kind, at=noon(number), deadline=deadline, by=wrong.opened_by, text="办理")
    moments = {"answered_at": noon(24), "reopened_at": noon(40), "deadline": FIRST + 60 * DAY}
    Rectification.objects.filter(pk=wrong.pk).update(state=RectificationState.OPEN, **moments)
    SelfAssessment.objects.filter(pk=own.pk).update(reviewed_at=noon(25))
    with at(30):
        changed(row, 30, state=S.SUBMITTED, submitted_at=noon(30))
        row.refresh_from_db()
        SubmissionFactory(assignment=row, number=2)
        Evidence.objects.filter(pk=first.pk).update(superseded_at=noon(30))
        EvidenceFactory(assignment=row, requirement=requirement, original_name="终稿.txt", frozen_at=noon(30))
    changed(row, 34, state=S.IN_PROGRESS, withdrawn_at=noon(34))


@pytest.fixture
def plan(db):
    return PlanFactory(starts_on=FIRST - 10 * DAY, ends_on=FIRST + 900 * DAY)


@pytest.fixture
def institution(authority, plan):
    institution = InstitutionFactory()
    some_months(institution, authority, plan)
    return institution


def opened(client, user, institution, number):
    client.force_login(user)
    return client.get(institution.get_absolute_url(), {"at": FIRST + number * DAY})


def test_each_day_knows_what_had_happened_by_then(client, institution, authority):
    user = member(authority, Role.SUPERVISOR)

    def on(number):
        return opened(client, user, institution, number).context

    def open_on(number):
        return [(group.label, [item.state for item in group.items]) for group in on(number)["open_items"]]

    assert [on(number)["scores"] is None for number in (11, 12)] == [True, False]
    assert [on(number)["scores"].is_accepted for number in (24, 25)] == [False, True]
    assert [len(on(number)["scores"].ranks) for number in (24, 25)] == [0, 1]
    returned, asked, wrong = "退回后尚未重新报送", "待审批的申请", "未办结的整改"
    assert open_on(13) == []
    assert open_on(16) == [(asked, ["pending"]), (wrong, ["open"])]
    assert open_on(20) == [(returned, ["returned"]), (asked, ["pending"]), (wrong, ["open"])]
    assert open_on(24) == [(returned, ["returned"]), (wrong, ["unverified"])]
    assert open_on(28) == [(returned, ["returned"])]
    assert open_on(30) == []
    assert open_on(40) == [(wrong, ["open"])]
    tallies = [on(number)["rectification_tally"] for number in (15, 20, 21, 24, 40, 61)]
    assert [(tally["open"], tally["overdue"]) for tally in tallies] == [(0, 0), (1, 0), (1, 1), (0, 0), (1, 0), (1, 1)]
    assert [[file.original_name for file in on(number)["newest_files"]] for number in (9, 10, 29, 30)] == [
        [],
        ["初稿.txt"],
        ["初稿.txt"],
        ["终稿.txt"],
    ]
    assert [[(half.signed, half.late, half.granted) for half in on(n)["past"].half_years] for n in (9, 21, 33, 34)] == [
        [],
        [(2, 2, 0)],
        [(3, 2, 1)],
        [(2, 2, 1)],
    ]
    assert [sum(task.doing for task in on(number)["past"].returned) for number in (19, 20)] == [0, 1]
    kinds = [{said.kind for said in on(number)["correspondence"]} for number in (9, 14, 21, 22)]
    assert kinds == [
        set(),
        {"已提出申请"},
        {"已提出申请", "提出整改", "已退回"},
        {"已提出申请", "提出整改", "已退回", "已同意"},
    ]


def test_a_past_day_says_so_leads_to_that_days_lists_and_offers_nothing_to_do(client, institution, authority):
    response = opened(client, member(authority, Role.LEAD_SUPERVISOR), institution, 21)
    text = response.text
    day = (FIRST + 21 * DAY).isoformat()
    for words in (f"截至 {day} 24 时", "现在的情况", "逾期 16 天", f'value="{day}"'):
        assert words in text
    assert f'href="{institution.get_absolute_url()}">查看今天的情况' in text
    for words in ("导出材料包", "催办</a>", "设置保全", "送达记录", "检查情况", reverse("assessments:rectifications")):
        assert words not in text.partition('id="main"')[2], words
    links = re.findall(rf'href="({re.escape(reverse("tasks:list"))}\?[^"]*)"', text)
    assert links
    assert all(f"at={day}" in link for link in links)
    figures = response.context["work"].figures
    overdue = client.get(response.context["urls"]["overdue"], follow=True)
    assert len(overdue.context["lines"]) == figures.overdue == 1
    today = client.get(institution.get_absolute_url()).text
    for words in ("导出材料包", "催办</a>", "设置保全", "送达记录", "检查情况"):
        assert words in today
    assert "查看今天的情况" not in today


@pytest.mark.parametrize("role", [Role.CIO, Role.LIAISON])
def test_the_institutions_own_see_their_past_with_files_not_signed_then(client, institution, role):
    response = opened(client, member(institution, role), institution, 9)
    assert [file.original_name for file in response.context["newest_files"]] == ["初稿.txt"]
    assert "证据保全</h2>" not in response.text
    assert f"at={FIRST + 9 * DAY}" in response.context["urls"]["tasks"]


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("2001-01-01", "此前没有记录，现显示今天的情况"),
        ("2999-01-01", "截至日期不能晚于今天，现显示今天的情况"),
        ("昨天", "请按“2026-06-30”的格式填写日期"),
    ],
)
def test_a_day_that_makes_no_sense_is_said_and_today_is_shown(client, institution, authority, day, said):
    client.force_login(member(authority, Role.OBSERVER))
    response = client.get(institution.get_absolute_url(), {"at": day})
    assert said in response.text
    assert response.context["day"] == timezone.localdate()
    assert "查看今天的情况" not in response.text


def test_a_past_day_costs_the_same_whatever_had_happened(client, institution, authority, plan):
    users = member(authority, Role.LEAD_SUPERVISOR), member(institution, Role.CIO)

    def measured():
        costs = []
        for user in users:
            opened(client, user, institution, 21)
            with CaptureQueriesContext(connection) as queries:
                opened(client, user, institution, 21)
            costs.append(len(queries))
        return costs

    before = measured()
    for _number in range(2):
        some_months(institution, authority, plan)
    assert measured() == before
