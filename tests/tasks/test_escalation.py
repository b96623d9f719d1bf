"""Supervisors hear of what nobody acted on: once, and in one notice for all of it."""

import datetime

import pytest
from django.utils import timezone

from portal.accounts.enums import InstitutionKind, Role
from portal.notices.models import Delivery, Escalation, Notice
from portal.notices.reminders.planning import plan_reminders
from tasks.models import Assignment
from tasks.reminders import ASSIGNMENTS
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member
from tests.factories.plan import TaskFactory
from tests.factories.tasks import AssignmentFactory

pytestmark = pytest.mark.django_db
DEADLINE = datetime.date(2026, 11, 25)
K = InstitutionKind


def on(days: int) -> dict[str, int]:
    return plan_reminders(ASSIGNMENTS, today=DEADLINE + datetime.timedelta(days=days))


@pytest.fixture
def task():
    return TaskFactory()


@pytest.fixture
def late(task):
    """Three institutions, one of them a fund, none with anybody in it."""
    kinds = (K.SECURITIES, K.SECURITIES, K.FUND)
    return [AssignmentFactory(task=task, institution__kind=kind, deadline=DEADLINE) for kind in kinds]


def test_one_notice_tells_of_all_in_the_scope(late):
    everywhere = member(AuthorityFactory(), Role.SUPERVISOR)
    of_funds = member(AuthorityFactory(kinds=[K.FUND]), Role.SUPERVISOR)
    member(AuthorityFactory(), Role.OBSERVER)
    assert on(6) == {}
    assert on(7) == {"escalated": 2}
    wide, narrow = everywhere.notices.get(), of_funds.notices.get()
    assert (wide.data["count"], wide.data["institutions"], wide.institution) == (3, 3, None)
    assert wide.path == "/tasks/"
    assert wide.subject.startswith("任务逾期未报送：任务")
    assert "涉及 3 家机构" in wide.body
    assert (narrow.data["count"], narrow.institution) == (1, late[2].institution)
    assert narrow.path == late[2].get_absolute_url()
    assert Delivery.objects.count() == 2


def test_what_was_reported_is_not_reported_again(late, task):
    supervisor = member(AuthorityFactory(), Role.SUPERVISOR)
    on(7)
    assert on(7) == on(10) == {}
    AssignmentFactory(task=task, institution=InstitutionFactory(), deadline=DEADLINE)
    assert on(10) == {"escalated": 1}
    assert supervisor.notices.first().data["count"] == 1
    assert Escalation.objects.count() == 4


def test_the_lead_supervisor_hears_after_a_month(late):
    lead = member(AuthorityFactory(), Role.LEAD_SUPERVISOR)
    assert on(29) == {}
    assert on(30) == {"escalated": 1}
    assert on(45) == {}
    assert on(60) == {"escalated": 1}
    assert lead.notices.count() == 2


def test_whoever_acted_in_time_is_not_reported(late):
    supervisor = member(AuthorityFactory(), Role.SUPERVISOR)
    now = timezone.now()
    Assignment.objects.filter(pk=late[0].pk).update(state="accepted", submitted_at=now, accepted_at=now)
    on(7)
    assert supervisor.notices.get().data["count"] == 2


def test_supervisors_of_other_scopes_hear_nothing(late):
    member(AuthorityFactory(kinds=[K.CORE]), Role.SUPERVISOR)
    assert on(7) == {}
    assert not Notice.objects.exists()
