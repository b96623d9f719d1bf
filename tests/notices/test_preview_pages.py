"""The pages that say who is reminded of a deadline, and when."""

import datetime

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.accounts.enums import Role
from portal.notices.enums import Channel, Pace
from portal.notices.models import Route
from portal.notices.reminders.planning import plan_reminders
from tasks.enums import AssignmentState
from tasks.reminders import ASSIGNMENTS
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member
from tests.factories.assessments import CycleFactory, SelfAssessmentFactory
from tests.factories.rectifications import RectificationFactory
from tests.factories.tasks import AssignmentFactory

pytestmark = pytest.mark.django_db
TODAY = datetime.date(2026, 11, 25)


@pytest.fixture(autouse=True)
def _today():
    with time_machine.travel(datetime.datetime(2026, 11, 25, 10, tzinfo=datetime.UTC), tick=False):
        yield


@pytest.fixture
def institution():
    return InstitutionFactory()


@pytest.fixture
def office(institution):
    return AuthorityFactory(name="示例证监局")


@pytest.fixture
def liaison(client, institution):
    person = member(institution, Role.LIAISON, name="联络人甲")
    client.force_login(person)
    return person


def page(client, row, name="tasks:reminders"):
    return client.get(reverse(name, args=[row.pk]))


def lines(response):
    shown = response.context["preview"]
    return [(str(line.day), line.role.value, line.standing.value) for line in [*shown.past, *shown.coming]]


def test_day_by_day(client, institution, office, liaison):
    member(institution, Role.CIO, name="首席乙")
    member(office, Role.SUPERVISOR, name="监管丙")
    assignment = AssignmentFactory(institution=institution, deadline=TODAY + datetime.timedelta(days=7))
    plan_reminders(ASSIGNMENTS, today=TODAY)
    response = page(client, assignment)
    assert [line[1:] for line in lines(response)[:4]] == [
        ("contributor", "superseded"),
        ("liaison", "superseded"),
        ("liaison", "told"),
        ("cio", "told"),
    ]
    assert ("2026-12-01", "liaison", "planned") in lines(response)
    text = response.text
    assert "联络人甲" in text
    assert "示例证监局" in text
    assert "监管丙" not in text
    assert "目前没有此角色的人员" in text
    assert reverse("plan:reminders", args=[assignment.task.plan.slug, assignment.task.number]) in text
    assert reverse("tasks:reminders", args=[assignment.pk]) in client.get(assignment.get_absolute_url()).text


def test_a_supervisor_reads_the_names_of_their_own_office(client, institution, office, liaison):
    supervisor = member(office, Role.SUPERVISOR, name="监管丙")
    member(AuthorityFactory(), Role.SUPERVISOR, name="监管丁")
    assignment = AssignmentFactory(institution=institution, deadline=TODAY)
    client.force_login(supervisor)
    text = page(client, assignment).text
    assert "监管丙（示例证监局）" in text
    assert "联络人甲" in text
    assert "监管丁" not in text


def test_ways_are_named_and_addresses_are_not(client, institution, liaison):
    other = member(institution, Role.CONTRIBUTOR)
    Route.objects.create(
        user=other, channel=Channel.WECOM, address="https://qyapi.weixin.qq.com/secret-key", pace=Pace.WEEKLY
    )
    assignment = AssignmentFactory(institution=institution, deadline=TODAY + datetime.timedelta(days=60))
    text = page(client, assignment).text
    assert "企业微信群机器人（每周汇总）" in text
    assert "企业微信群机器人（即时发送）" in text
    assert "电子邮件（即时发送）" in text
    assert "secret-key" not in text


def test_a_condition_is_said(client, institution, liaison):
    member(institution, Role.CIO)
    assignment = AssignmentFactory(
        institution=institution,
        deadline=TODAY + datetime.timedelta(days=40),
        state=AssignmentState.IN_PROGRESS,
        started_at=timezone.now(),
    )
    assert ("2026-12-28", "cio", "conditional") in lines(page(client, assignment))


def test_what_was_sent_is_no_longer_reminded_of(client, institution, liaison):
    assignment = AssignmentFactory(institution=institution, state=AssignmentState.SUBMITTED)
    response = page(client, assignment)
    assert "不再提醒" in response.text
    assert lines(response) == []


def test_a_round_that_is_not_open_yet_reminds_from_its_opening(client, institution, liaison):
    opens = TODAY + datetime.timedelta(days=10)
    cycle = CycleFactory(opens_on=opens, due_on=opens + datetime.timedelta(days=5))
    row = SelfAssessmentFactory(cycle=cycle, institution=institution)
    days = [day for day, _role, _standing in lines(page(client, row, "assessments:reminders"))]
    assert days
    assert min(days) >= str(opens)
    assert reverse("assessments:reminders", args=[row.pk]) in client.get(row.get_absolute_url()).text


def test_a_rectification(client, institution, office, liaison):
    row = RectificationFactory(institution=institution, authority=office, deadline=TODAY)
    assert ("2026-11-25", "liaison", "planned") in lines(page(client, row, "assessments:rectification_reminders"))
    assert reverse("assessments:rectification_reminders", args=[row.pk]) in client.get(row.get_absolute_url()).text


def test_the_page_costs_the_same_with_more_people(client, institution, office, liaison, django_assert_num_queries):
    assignment = AssignmentFactory(institution=institution, deadline=TODAY)
    member(office, Role.SUPERVISOR)
    page(client, assignment)
    with CaptureQueriesContext(connection) as one:
        page(client, assignment)
    cost = len(one)
    for role in (Role.LIAISON, Role.CONTRIBUTOR, Role.CIO):
        Route.objects.create(user=member(institution, role), channel=Channel.EMAIL, pace=Pace.DAILY)
    member(office, Role.SUPERVISOR)
    plan_reminders(ASSIGNMENTS, today=TODAY)
    page(client, assignment)
    with django_assert_num_queries(cost):
        page(client, assignment)
