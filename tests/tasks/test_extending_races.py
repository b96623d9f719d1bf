"""批量延期 beside another decision at the same moment: real transactions in threads."""

import uuid

import pytest
from django.utils import timezone

from portal.audit.actions import verify
from portal.gate import WrongState
from portal.notices.enums import NoticeKind
from portal.notices.models import Notice
from tasks.actions import exempt
from tasks.enums import AssignmentState as S
from tasks.extending.acts import NotAsSeen
from tasks.models import Assignment, BulkExtension, ExtendedAssignment
from tests.factories.tasks import AssignmentFactory
from tests.tasks.test_extending import DAY, choice_of, decide, take_back
from tests.tasks.test_races import at_once, refusals
from tests.tasks.world import make_people

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def people():
    return make_people()


@pytest.fixture
def rows(people):
    return [AssignmentFactory(institution=people.institution) for _ in range(5)]


def moved_by(row) -> int:
    return (Assignment.objects.get(pk=row.pk).deadline - row.deadline).days


def test_of_two_decisions_at_once_the_second_is_shown_what_the_first_moved(people, rows):
    seen = choice_of(people.lead).digest()[2]
    outcomes = at_once(*[lambda: decide(people.lead, choice=choice_of(people.lead), seen=seen)] * 2)
    assert refusals(outcomes) == [NotAsSeen]
    assert {moved_by(row) for row in rows} == {30}
    assert BulkExtension.objects.count() == 1
    assert ExtendedAssignment.objects.count() == len(rows)


def test_two_clicks_are_one_decision(people, rows):
    seen, token = choice_of(people.lead).digest()[2], uuid.uuid4()
    first, second = at_once(*[lambda: decide(people.lead, choice=choice_of(people.lead), seen=seen, token=token)] * 2)
    assert first == second
    assert {moved_by(row) for row in rows} == {30}
    assert Notice.objects.filter(kind=NoticeKind.DEADLINES_EXTENDED).count() == 3
    assert not list(verify(None))


def test_work_that_is_closed_meanwhile(people, rows):
    """It is closed after it was extended, or not extended."""
    closing = rows[-1]
    seen = choice_of(people.lead).digest()[2]
    extended, _closed = at_once(
        lambda: decide(people.lead, choice=choice_of(people.lead), seen=seen),
        lambda: exempt(assignment=closing, reason="未开展业务", by=people.supervisor),
    )
    assert Assignment.objects.get(pk=closing.pk).state == S.NOT_APPLICABLE
    if isinstance(extended, NotAsSeen):
        assert {moved_by(row) for row in rows} == {0}
        assert not BulkExtension.objects.exists()
    else:
        assert {moved_by(row) for row in rows} == {30}


def test_undoing_beside_a_second_decision(people, rows):
    """Either the second moved what the first had granted, which then stays; or it is refused for what it saw."""
    first = decide(people.lead)
    seen = choice_of(people.lead).digest()[2]
    undone, second = at_once(
        lambda: take_back(first, people.lead),
        lambda: decide(people.lead, choice=choice_of(people.lead), seen=seen),
    )
    if isinstance(second, NotAsSeen):
        assert undone.put_back == len(rows)
        assert {moved_by(row) for row in rows} == {0}
    else:
        assert isinstance(undone, WrongState)
        assert {moved_by(row) for row in rows} == {60}
        assert not ExtendedAssignment.objects.exclude(undone_at=None).exists()


def test_undone_once(people, rows):
    extension = decide(people.lead)
    outcomes = at_once(*[lambda: take_back(extension, people.lead)] * 2)
    assert refusals(outcomes) == [WrongState]
    assert {moved_by(row) for row in rows} == {0}
    assert Notice.objects.filter(kind=NoticeKind.EXTENSION_UNDONE).count() == 3
    assert all(row.undone_at < timezone.now() + DAY for row in ExtendedAssignment.objects.all())
