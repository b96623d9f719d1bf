"""Two people at one rectification, in real transactions: one comes first, the other hears of it."""

import datetime

import pytest
from django.utils import timezone

from assessments import actions
from assessments.actions import MovedOn
from assessments.enums import RectificationState, StepKind
from assessments.models import Rectification, RectificationStep
from portal.accounts.models import User
from portal.audit.models import AuditEvent
from tests.assessments.test_races import at_once, errors
from tests.assessments.world import build_world
from tests.factories.rectifications import RectificationFactory, last_step

pytestmark = pytest.mark.django_db(transaction=True)


def again(user: User) -> User:
    return User.objects.get(pk=user.pk)


def prepared(state=RectificationState.OPEN):
    world = build_world()
    row = RectificationFactory(
        institution=world.institution, authority=world.authority, opened_by=world.supervisor, state=state
    )
    return world, row, last_step(row)


def answering(world, row, seen, who="contributor"):
    def call():
        by = again(getattr(world, who))
        return actions.answer_rectification(rectification=row, text=who, evidence=[], seen=seen, by=by)

    return call


def test_answering_twice_from_two_tabs(transactional_db):
    world, row, seen = prepared()
    outcomes = at_once(answering(world, row, seen), answering(world, row, seen, "liaison"))
    (lost,) = errors(outcomes)
    assert isinstance(lost, MovedOn)
    step = row.steps.get(kind=StepKind.ANSWERED)
    assert [told.pk for told in lost.meanwhile] == [step.pk]
    assert AuditEvent.objects.filter(action="rectification.answer").count() == 1


def test_closing_against_answering(transactional_db):
    """Nobody closes an answer they have not read."""
    world, row, seen = prepared()
    outcomes = at_once(
        answering(world, row, seen),
        lambda: actions.close_rectification(
            rectification=row, text="不再需要。", seen=seen, by=again(world.supervisor)
        ),
    )
    (lost,) = errors(outcomes)
    assert isinstance(lost, MovedOn)
    row.refresh_from_db()
    assert row.state in (RectificationState.UNVERIFIED, RectificationState.CLOSED)
    assert row.steps.count() == 2


def test_closing_against_reopening(transactional_db):
    world, row, seen = prepared(RectificationState.UNVERIFIED)
    later = timezone.localdate() + datetime.timedelta(days=60)
    outcomes = at_once(
        lambda: actions.close_rectification(rectification=row, seen=seen, by=again(world.supervisor)),
        lambda: actions.reopen_rectification(
            rectification=row, text="还缺总结。", deadline=later, seen=seen, by=again(world.lead)
        ),
    )
    (lost,) = errors(outcomes)
    assert isinstance(lost, MovedOn)
    row.refresh_from_db()
    assert (row.state == RectificationState.CLOSED) == (row.deadline != later) == bool(row.closed_at)


def test_two_new_deadlines(transactional_db):
    world, row, seen = prepared()
    today = timezone.localdate()

    def to(days, who):
        def call():
            return actions.reschedule_rectification(
                rectification=row,
                text="搬迁。",
                deadline=today + datetime.timedelta(days=days),
                seen=seen,
                by=again(getattr(world, who)),
            )

        return call

    outcomes = at_once(to(40, "supervisor"), to(50, "lead"))
    assert len(errors(outcomes)) == 1
    row.refresh_from_db()
    assert row.steps.order_by("pk").last().deadline == row.deadline
    assert row.steps.count() == 2


def test_opening_the_same_from_two_tabs(transactional_db):
    world = build_world()

    def call():
        return actions.open_rectification(
            institution=world.institution,
            authority=world.authority,
            title="补齐记录",
            text="请补齐。",
            deadline=timezone.localdate() + datetime.timedelta(days=20),
            by=again(world.supervisor),
        )

    outcomes = at_once(call, call)
    assert len(errors(outcomes)) == 1
    assert Rectification.objects.count() == RectificationStep.objects.count() == 1
