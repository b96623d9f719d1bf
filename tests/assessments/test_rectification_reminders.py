"""Who is reminded of a rectification, when, and how often: once."""

import datetime

import pytest
from django.utils import timezone

from assessments.enums import RectificationState
from assessments.models import Rectification
from assessments.reminders import RECTIFICATIONS
from portal.accounts.enums import Role
from portal.accounts.models import Institution
from portal.audit.models import AuditEvent
from portal.notices.models import Delivery, Notice
from portal.notices.reminders.planning import plan_all, plan_reminders
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member
from tests.factories.rectifications import RectificationFactory

pytestmark = pytest.mark.django_db
DEADLINE = datetime.date(2026, 11, 25)


def on(days: int) -> dict[str, int]:
    """Run the job so many days after the deadline."""
    return plan_reminders(RECTIFICATIONS, today=DEADLINE + datetime.timedelta(days=days))


@pytest.fixture
def people():
    """One in each role, by role; the opener is a supervisor beside another one."""
    institution, authority = InstitutionFactory(), AuthorityFactory()
    roles = {role: member(institution, role) for role in (Role.LIAISON, Role.CONTRIBUTOR, Role.CIO)}
    roles |= {role: member(authority, role) for role in (Role.SUPERVISOR, Role.LEAD_SUPERVISOR, Role.OBSERVER)}
    roles["opener"] = member(authority, Role.SUPERVISOR)
    roles["elsewhere"] = member(AuthorityFactory(), Role.LEAD_SUPERVISOR)
    RectificationFactory(
        institution=institution, authority=authority, opened_by=roles["opener"], deadline=DEADLINE, title="补齐记录"
    )
    return roles


def told(people) -> set[str]:
    return {str(role) for role, user in people.items() if user.notices.exists()}


def stages(user) -> list[str]:
    return [notice.key.split(":")[-1] for notice in reversed(user.notices.all())]


@pytest.mark.parametrize(
    ("days", "stage"),
    [
        (-7, "-7d"),
        (-2, "-7d"),
        (-1, "-1d"),
        (0, "+0d"),
        (6, "+0d"),
        (7, "+7d.7"),
        (13, "+7d.7"),
        (14, "+7d.14"),
        (100, "+7d.98"),
    ],
)
def test_a_stage_lasts_until_the_next_one(people, days, stage):
    assert set(on(days)) - {"escalated"} == {stage}
    rectification = Rectification.objects.get()
    notice = people[Role.LIAISON].notices.get()
    assert notice.key == f"rectification-due:{rectification.pk}:2026-11-25:{stage}"
    assert notice.path == rectification.get_absolute_url()
    assert notice.institution == rectification.institution
    assert notice.data == {"title": "补齐记录", "deadline": "2026-11-25", "days": -days}


INSIDE = {Role.LIAISON, Role.CONTRIBUTOR}


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (-8, set()),
        (-7, INSIDE),
        (-1, INSIDE),
        (0, INSIDE | {Role.CIO}),
        (6, INSIDE | {Role.CIO}),
        (7, INSIDE | {Role.CIO, Role.LEAD_SUPERVISOR, "opener"}),
    ],
)
def test_who_is_told_as_time_goes_by(people, days, expected):
    on(days)
    assert told(people) == {str(role) for role in expected}


def test_what_a_reminder_says(people):
    for days, subject, body in (
        (-7, "整改还有 7 天到期：“补齐记录”", "请在当日 24 时之前提交整改结果"),
        (0, "整改今日到期：“补齐记录”", "请在当日 24 时之前提交整改结果"),
        (8, "整改已逾期 8 天：“补齐记录”", "仍未提交整改结果"),
    ):
        on(days)
        notice = people[Role.CONTRIBUTOR].notices.first()
        assert notice.subject == subject
        assert body in notice.body
        assert notice.due_on == DEADLINE


def test_every_stage_is_sent_once_and_missed_days_are_made_good(people):
    for days in range(-20, 15):
        on(days)
        on(days)
    assert stages(people[Role.LIAISON]) == ["-7d", "-1d", "+0d", "+7d.7", "+7d.14"]
    assert [notice.subject for notice in people["opener"].notices.all()] == ["整改逾期未完成：“补齐记录”"] * 2
    assert Notice.objects.count() == Delivery.objects.count()


def test_missed_days_are_made_good(people):
    for days in (-3, 1, 9):
        on(days)
    assert stages(people[Role.LIAISON]) == ["-7d", "+0d", "+7d.7"]


def test_a_new_deadline_is_reminded_of_anew(people):
    on(-7)
    Rectification.objects.update(deadline=DEADLINE + datetime.timedelta(days=30))
    assert on(-7) == {}
    assert on(23) == {"-7d": 2}


@pytest.mark.parametrize("state", [RectificationState.UNVERIFIED, RectificationState.CLOSED])
def test_what_was_answered_is_not_reminded_of(people, state):
    Rectification.objects.update(state=state, answered_at=timezone.now(), closed_at=timezone.now())
    assert on(9) == {}
    assert not AuditEvent.objects.filter(action="reminders.sent").exists()


def test_people_who_left_and_institutions_that_closed_are_not_told(people):
    people[Role.LIAISON].memberships.update(is_active=False)
    people["opener"].memberships.update(is_active=False)
    people[Role.CIO].is_active = False
    people[Role.CIO].save()
    on(7)
    # Nobody handles it any longer, so the authority's other supervisors hear of it.
    assert told(people) == {Role.CONTRIBUTOR, Role.SUPERVISOR, Role.LEAD_SUPERVISOR}
    Institution.objects.update(is_active=False)
    assert on(14) == {}


def test_an_opener_who_only_observes_by_now_is_not_told(people):
    people["opener"].memberships.update(role=Role.OBSERVER)
    on(7)
    assert "opener" not in told(people)


def test_the_job_sends_todays_and_records_it(people):
    Rectification.objects.update(deadline=timezone.localdate())
    plan_all(today=timezone.localdate())
    assert AuditEvent.objects.get(action="reminders.sent").data["notices"] == {"+0d": 3}
