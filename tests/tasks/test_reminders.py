import datetime

import pytest
from django.core.management import call_command
from django.utils import timezone

from portal.accounts import actions
from portal.accounts.enums import Role
from portal.audit.models import AuditEvent
from portal.notices.models import Delivery, Notice
from portal.notices.reminders.planning import plan_all, plan_reminders
from portal.working_days import on_or_after
from tasks.enums import AssignmentState
from tasks.models import Assignment
from tasks.reminders import ASSIGNMENTS
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member, membership_of
from tests.factories.tasks import AssignmentFactory

pytestmark = pytest.mark.django_db
DEADLINE = datetime.date(2026, 11, 25)


def on(days: int) -> dict[str, int]:
    """Run the job so many days after the deadline."""
    return plan_reminders(ASSIGNMENTS, today=DEADLINE + datetime.timedelta(days=days))


@pytest.fixture
def assignment():
    return AssignmentFactory(deadline=DEADLINE)


@pytest.fixture
def liaison(assignment):
    return member(assignment.institution, Role.LIAISON)


@pytest.fixture
def cio(assignment):
    return member(assignment.institution, Role.CIO)


@pytest.mark.parametrize(
    ("days", "stage"),
    [
        (-30, "-30d"),
        (-8, "-30d"),
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
def test_a_stage_lasts_until_the_next_one(assignment, liaison, days, stage):
    assert on(days) == {stage: 1}
    notice = liaison.notices.get()
    assert notice.key == f"reminder:{assignment.pk}:2026-11-25:{stage}"
    assert notice.path == assignment.get_absolute_url()
    assert notice.institution == assignment.institution
    assert notice.data == {
        "number": assignment.task.number,
        "title": assignment.task.title,
        "title_en": assignment.task.title_en,
        "deadline": "2026-11-25",
        "is_official": False,
        "days": -days,
    }


def test_nothing_is_said_earlier(assignment, liaison):
    assert on(-31) == {}
    assert not AuditEvent.objects.filter(action="reminders.sent").exists()


def test_running_it_twice_sends_nothing_twice(assignment, liaison):
    assert on(-7) == {"-7d": 1}
    assert on(-7) == {}
    assert on(-6) == {}
    assert Notice.objects.count() == Delivery.objects.count() == 1


def test_every_stage_is_sent_once_in_the_course_of_time(assignment, liaison):
    for days in range(-40, 22):
        on(days)
    stages = [notice.key.split(":")[-1] for notice in reversed(liaison.notices.all())]
    assert stages == ["-30d", "-7d", "-1d", "+0d", "+7d.7", "+7d.14", "+7d.21"]


def test_missed_days_are_made_good(assignment, liaison):
    for days in (-29, -3, 1, 9):
        on(days)
    stages = [notice.key.split(":")[-1] for notice in reversed(liaison.notices.all())]
    assert stages == ["-30d", "-7d", "+0d", "+7d.7"]


def test_a_new_deadline_is_reminded_of_anew(assignment, liaison):
    on(-7)
    Assignment.objects.update(deadline=DEADLINE + datetime.timedelta(days=30))
    assert on(-7) == {}
    assert on(23) == {"-7d": 1}


@pytest.mark.parametrize("state", [AssignmentState.SUBMITTED, AssignmentState.ACCEPTED, AssignmentState.NOT_APPLICABLE])
def test_what_the_institution_has_done_is_not_reminded_of(state):
    assignment = AssignmentFactory(deadline=DEADLINE, state=state)
    member(assignment.institution, Role.LIAISON)
    assert on(0) == {}


@pytest.mark.parametrize(
    "state",
    [
        AssignmentState.NOT_STARTED,
        AssignmentState.IN_PROGRESS,
        AssignmentState.AWAITING_SIGNATURE,
        AssignmentState.RETURNED,
    ],
)
def test_what_is_open_is_reminded_of(state):
    assignment = AssignmentFactory(deadline=DEADLINE, state=state)
    member(assignment.institution, Role.CONTRIBUTOR)
    assert on(0) == {"+0d": 1}


def test_the_cio_hears_of_what_is_overdue(assignment, liaison, cio):
    Assignment.objects.update(state=AssignmentState.IN_PROGRESS, started_at=timezone.now())
    on(0)
    assert not cio.notices.exists()
    assert on(7) == {"+7d.7": 2}
    assert cio.notices.exists()


def test_the_cio_hears_early_of_what_nobody_works_on(assignment, liaison, cio):
    assert on(-7) == {"-7d": 2}
    assert cio.notices.get().subject.startswith("还有 7 天到期")


def test_work_of_the_last_weeks_keeps_the_cio_out_of_it(assignment, liaison, cio):
    at = datetime.datetime(2026, 10, 20, tzinfo=datetime.UTC)
    Assignment.objects.update(state=AssignmentState.IN_PROGRESS, started_at=at)
    assert on(-7) == {"-7d": 1}
    assert on(-5) == {"-7d": 1}
    assert cio.notices.exists()


def test_the_cio_hears_of_what_waits_for_a_signature(cio):
    waiting = Assignment.objects.get()
    moments = {"handed_in_at": timezone.now(), "started_at": timezone.now()}
    Assignment.objects.update(state=AssignmentState.AWAITING_SIGNATURE, **moments)
    assert on(-1) == {"-1d": 1}
    assert cio.notices.get().path == waiting.get_absolute_url()


def test_people_of_other_bodies_hear_nothing(assignment, liaison):
    member(InstitutionFactory(), Role.LIAISON)
    member(AuthorityFactory(), Role.SUPERVISOR)
    assert on(0) == {"+0d": 1}


def test_those_who_left_hear_nothing(assignment, liaison):
    other = member(assignment.institution, Role.CONTRIBUTOR)
    actions.remove_member(membership=membership_of(other), by=liaison)
    member(assignment.institution, Role.CONTRIBUTOR, is_active=False)
    assert on(0) == {"+0d": 1}


def test_a_closed_institution_hears_nothing(assignment, liaison):
    assignment.institution.is_active = False
    assignment.institution.save()
    assert on(0) == {}


def test_each_notice_gets_a_delivery_and_the_run_a_record(assignment, liaison):
    member(assignment.institution, Role.CONTRIBUTOR)
    on(-1)
    assert set(Delivery.objects.values_list("notice", "state")) == {
        (notice.pk, "pending") for notice in Notice.objects.all()
    }
    event = AuditEvent.objects.get(action="reminders.sent")
    assert event.data == {"subject": "reminder", "date": "2026-11-24", "notices": {"-1d": 2}}


def test_the_number_of_queries_does_not_grow(django_assert_num_queries):
    def people(count):
        for _ in range(count):
            member(AssignmentFactory(deadline=DEADLINE).institution, Role.LIAISON)

    on(0)
    people(1)
    with django_assert_num_queries(14) as first:
        on(0)
    people(3)
    with django_assert_num_queries(len(first)):
        assert on(0) == {"+0d": 3}


def test_the_job_and_the_command_do_it_for_today(capsys):
    """On a working day: nobody is reminded on another, and the days after the deadline may fall on some."""
    today = on_or_after(timezone.localdate())
    assignment = AssignmentFactory(deadline=today)
    liaison = member(assignment.institution, Role.LIAISON)
    call_command("send_reminders", date=DEADLINE - datetime.timedelta(days=4000))
    assert "Nothing new" in capsys.readouterr().out
    plan_all(today=today)
    assert liaison.notices.get().subject.startswith("今日到期：任务")
    call_command("send_reminders", date=today)
    assert "Nothing new" in capsys.readouterr().out
    call_command("send_reminders", date=on_or_after(today + datetime.timedelta(days=7)))
    assert "1 notices (+7d.7: 1)" in capsys.readouterr().out
