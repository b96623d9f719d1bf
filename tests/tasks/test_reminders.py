import datetime

import pytest
from django.core.management import call_command
from django.utils import timezone

from portal.accounts import actions
from portal.accounts.enums import Role
from portal.audit.models import AuditEvent
from portal.notices.models import Delivery, Notice
from tasks.enums import AssignmentState
from tasks.jobs import send_reminders as job
from tasks.models import Assignment
from tasks.reminders import send_reminders
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member, membership_of
from tests.factories.tasks import AssignmentFactory

pytestmark = pytest.mark.django_db
DEADLINE = datetime.date(2026, 11, 22)


def on(days: int) -> dict[str, int]:
    """Run the job so many days after the deadline."""
    return send_reminders(today=DEADLINE + datetime.timedelta(days=days))


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
        (-30, "30"),
        (-8, "30"),
        (-7, "7"),
        (-2, "7"),
        (-1, "1"),
        (0, "0"),
        (6, "0"),
        (7, "overdue-1"),
        (13, "overdue-1"),
        (14, "overdue-2"),
        (100, "overdue-14"),
    ],
)
def test_a_stage_lasts_until_the_next_one(assignment, liaison, days, stage):
    assert on(days) == {stage: 1}
    notice = liaison.notices.get()
    assert notice.key == f"reminder:{assignment.pk}:2026-11-22:{stage}"
    assert notice.path == assignment.get_absolute_url()
    assert notice.institution == assignment.institution
    assert notice.data == {
        "number": assignment.task.number,
        "title": assignment.task.title,
        "title_en": assignment.task.title_en,
        "deadline": "2026-11-22",
        "is_official": False,
        "days": -days,
    }


def test_nothing_is_said_earlier(assignment, liaison):
    assert on(-31) == {}
    assert not AuditEvent.objects.filter(action="reminders.sent").exists()


def test_running_it_twice_sends_nothing_twice(assignment, liaison):
    assert on(-7) == {"7": 1}
    assert on(-7) == {}
    assert on(-6) == {}
    assert Notice.objects.count() == Delivery.objects.count() == 1


def test_every_stage_is_sent_once_in_the_course_of_time(assignment, liaison):
    for days in range(-40, 22):
        on(days)
    stages = [notice.key.split(":")[-1] for notice in reversed(liaison.notices.all())]
    assert stages == ["30", "7", "1", "0", "overdue-1", "overdue-2", "overdue-3"]


def test_missed_days_are_made_good(assignment, liaison):
    for days in (-29, -3, 1, 9):
        on(days)
    stages = [notice.key.split(":")[-1] for notice in reversed(liaison.notices.all())]
    assert stages == ["30", "7", "0", "overdue-1"]


def test_a_new_deadline_is_reminded_of_anew(assignment, liaison):
    on(-7)
    Assignment.objects.update(deadline=DEADLINE + datetime.timedelta(days=30))
    assert on(-7) == {}
    assert on(23) == {"7": 1}


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
    assert on(0) == {"0": 1}


def test_the_cio_hears_of_what_is_overdue(assignment, liaison, cio):
    on(0)
    assert not cio.notices.exists()
    assert on(7) == {"overdue-1": 2}
    assert cio.notices.exists()


def test_the_cio_hears_of_what_waits_for_a_signature(cio):
    waiting = AssignmentFactory(
        institution=membership_of(cio).institution, deadline=DEADLINE, state=AssignmentState.AWAITING_SIGNATURE
    )
    assert on(-1) == {"1": 1}
    assert cio.notices.get().path == waiting.get_absolute_url()


def test_people_of_other_bodies_hear_nothing(assignment, liaison):
    member(InstitutionFactory(), Role.LIAISON)
    member(AuthorityFactory(), Role.SUPERVISOR)
    assert on(0) == {"0": 1}


def test_those_who_left_hear_nothing(assignment, liaison):
    other = member(assignment.institution, Role.CONTRIBUTOR)
    actions.remove_member(membership=membership_of(other), by=liaison)
    member(assignment.institution, Role.CONTRIBUTOR, is_active=False)
    assert on(0) == {"0": 1}


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
    assert event.data == {"date": "2026-11-21", "notices": {"1": 2}}


def test_the_number_of_queries_does_not_grow(django_assert_num_queries):
    def people(count):
        for _ in range(count):
            member(AssignmentFactory(deadline=DEADLINE).institution, Role.LIAISON)

    people(1)
    with django_assert_num_queries(9) as first:
        on(0)
    people(3)
    with django_assert_num_queries(len(first)):
        assert on(0) == {"0": 3}


def test_the_job_and_the_command_do_it_for_today(capsys):
    assignment = AssignmentFactory(deadline=timezone.localdate())
    liaison = member(assignment.institution, Role.LIAISON)
    call_command("send_reminders", date=DEADLINE - datetime.timedelta(days=4000))
    assert "Nothing new" in capsys.readouterr().out
    job()
    assert liaison.notices.get().subject.startswith("今日到期：任务")
    call_command("send_reminders")
    assert "Nothing new" in capsys.readouterr().out
    call_command("send_reminders", date=timezone.localdate() + datetime.timedelta(days=7))
    assert "1 notices (overdue-1: 1)" in capsys.readouterr().out
