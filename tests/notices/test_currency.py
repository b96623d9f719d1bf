"""Reminders that were overtaken before they were sent."""

import datetime

import pytest

from portal.notices.enums import DeliveryState, Needless, NoticeKind
from portal.notices.models import Delivery
from tasks.enums import AssignmentState
from tests.factories.accounts import UserFactory
from tests.factories.notices import DeliveryFactory, NoticeFactory
from tests.factories.tasks import AssignmentFactory
from tests.notices.delivering import deliver_mail

pytestmark = pytest.mark.django_db


@pytest.fixture
def assignment():
    return AssignmentFactory(state=AssignmentState.IN_PROGRESS)


def reminder(assignment, stage="-7d", *, deadline=None, **values):
    key = f"reminder:{assignment.pk}:{deadline or assignment.deadline}:{stage}"
    return Delivery.objects.create(notice=NoticeFactory(key=key, institution=assignment.institution, **values))


def fates() -> list[tuple[str, str]]:
    return list(Delivery.objects.order_by("pk").values_list("state", "last_error"))


def test_what_is_still_open_is_told(sink, assignment):
    reminder(assignment)
    assert deliver_mail() == 1
    assert fates() == [(DeliveryState.SENT, "")]


@pytest.mark.parametrize("state", [AssignmentState.SUBMITTED, AssignmentState.ACCEPTED])
def test_work_done_meanwhile_is_not_reminded_of(sink, state):
    reminder(AssignmentFactory(state=state))
    assert deliver_mail() == 0
    assert fates() == [(DeliveryState.DROPPED, Needless.CLOSED)]
    assert sink.received == []
    assert Delivery.objects.get().trouble == "事项已办结，无需再提醒。"


def test_a_deadline_that_moved_meanwhile_is_not_told_under_the_old_date(sink, assignment):
    reminder(assignment)
    type(assignment).objects.update(deadline=assignment.deadline + datetime.timedelta(days=30))
    assert deliver_mail() == 0
    assert fates() == [(DeliveryState.DROPPED, Needless.MOVED)]


def test_after_a_week_without_a_server_one_summary_tells_the_latest(sink, assignment):
    person = UserFactory()
    for stage in ("-7d", "-1d", "+0d"):
        reminder(assignment, stage, recipient=person)
    other = AssignmentFactory(state=AssignmentState.NOT_STARTED)
    reminder(other, "-1d", recipient=person, data={"title": "另一任务", "deadline": str(other.deadline), "days": 1})
    assert deliver_mail() == 1
    replaced = (DeliveryState.DROPPED, Needless.REPLACED)
    assert fates() == [replaced, replaced, (DeliveryState.SENT, ""), (DeliveryState.SENT, "")]
    (received,) = sink.received
    assert "2 项工作" in received["Subject"]
    assert "另一任务" in received.get_body(("plain",)).get_content()


def test_the_same_matter_is_told_to_each(sink, assignment):
    reminder(assignment)
    reminder(assignment)
    assert deliver_mail() == 2


def test_only_deadlines_are_looked_at(sink):
    DeliveryFactory(notice__kind=NoticeKind.RECTIFICATION_DUE, notice__key="rectification-moved:1:2026-11-22")
    DeliveryFactory(notice__kind=NoticeKind.ESCALATED, notice__data__subject="reminder", notice__key="escalated:x:1")
    assert deliver_mail() == 2


def test_a_whole_batch_costs_one_query_a_kind(sink, assignment, django_assert_num_queries):
    from portal.notices.claims import Run
    from portal.notices.currency import still_current
    from portal.notices.enums import Channel

    for _ in range(5):
        reminder(assignment)
    with Run() as run:
        parcels = run.claim(Channel.EMAIL)
        assert len(parcels) == 5
        with django_assert_num_queries(1):
            assert len(still_current(run, parcels)) == 5
