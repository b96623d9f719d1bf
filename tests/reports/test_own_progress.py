"""An institution against the plan's schedule and the others of its kind, and whose work comes first."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.utils import timezone

from portal.accounts.enums import InstitutionKind, Role
from reports.progress.own import against_schedule, others_of_kind
from tasks.enums import AssignmentState as S
from tasks.models import Assignment
from tests.factories.accounts import InstitutionFactory, member
from tests.factories.plan import PlanFactory, TaskFactory
from tests.factories.tasks import AssignmentFactory

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def tasks():
    plan = PlanFactory()
    return [TaskFactory(plan=plan, theme__plan=plan) for _ in range(4)]


def firm(tasks, accepted, **fields):
    """An institution with so many of the tasks accepted."""
    institution = InstitutionFactory(**fields)
    for number, task in enumerate(tasks):
        AssignmentFactory(task=task, institution=institution, state=S.ACCEPTED if number < accepted else S.IN_PROGRESS)
    return institution


def test_what_the_schedule_asks_for_is_accepted_or_overdue(tasks):
    today, institution = timezone.localdate(), InstitutionFactory()
    for task, state, days in zip(
        tasks, (S.ACCEPTED, S.SUBMITTED, S.ACCEPTED, S.NOT_APPLICABLE), (-1, -1, 0, -1), strict=True
    ):
        AssignmentFactory(task=task, institution=institution, state=state, deadline=today + days * DAY)
    own = against_schedule(Assignment.objects.all(), plan=tasks[0].plan, today=today)
    assert (own.applicable, own.due, own.due_accepted, own.overdue, own.ahead) == (3, 2, 1, 1, 1)
    assert (own.accepted_percent, own.due_percent) == ("66.7%", "66.7%")


def test_the_median_of_five_others_and_of_nobody_else(tasks, django_assert_num_queries):
    plan, own = tasks[0].plan, firm(tasks, 4)
    for accepted in (0, 1, 1, 3):
        firm(tasks, accepted)
    firm(tasks, 4, kind=InstitutionKind.FUTURES)
    firm(tasks, 4, is_active=False)
    assert others_of_kind(own, plan) is None
    cache.clear()
    firm(tasks, 2)
    with django_assert_num_queries(1):
        found = others_of_kind(own, plan)
        assert (found.median, found.count) == (Decimal("25.0"), 5)
        assert others_of_kind(own, plan) == found


def test_nothing_that_applies_is_no_share(tasks):
    own = firm(tasks, 0)
    for _ in range(5):
        AssignmentFactory(task=tasks[0], state=S.NOT_APPLICABLE)
    assert others_of_kind(own, tasks[0].plan) is None


def test_no_institution_reads_the_names_or_shares_of_others(tasks, client):
    own = firm(tasks, 2)
    others = [firm(tasks, n % 5) for n in range(6)]
    client.force_login(member(own, Role.CIO))
    page = client.get("/").text
    assert "同类中位数" in page and "6 家其他机构" in page
    assert not any(other.name in page for other in others)
