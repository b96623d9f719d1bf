"""Two people at once, in real transactions: one wins, the other is told."""

import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from assessments import actions
from assessments.actions import AlreadyReviewed, StaleAnswers
from assessments.enums import SelfAssessmentState, Verdict
from assessments.models import Review, SelfAssessment
from plan.enums import RequirementKind
from portal.accounts.models import User
from portal.gate import WrongState
from tests.assessments.world import build_world, draft, hand_in, returned, seen, signed

S = SelfAssessmentState
pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*calls):
    """Run the calls in threads that start together; what each returned or raised."""
    barrier, outcomes = threading.Barrier(len(calls)), [None] * len(calls)

    def run(number, call):
        try:
            barrier.wait()
            outcomes[number] = call()
        except ValidationError as error:
            outcomes[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def errors(outcomes):
    return [outcome for outcome in outcomes if isinstance(outcome, ValidationError)]


def test_two_reviewers(transactional_db):
    world = build_world()
    version = signed(world)
    requirement = world.requirement(RequirementKind.MATURITY)

    def accept():
        return actions.review_self_assessment(
            self_assessment=version,
            verdict=Verdict.ACCEPTED,
            remarks={},
            by=again(world.lead),
            authority=world.authority,
        )

    def give_back():
        return actions.review_self_assessment(
            self_assessment=version,
            verdict=Verdict.RETURNED,
            remarks={requirement.pk: returned("请补充。")},
            by=again(world.supervisor),
            authority=world.authority,
        )

    outcomes = at_once(accept, give_back)
    (lost,) = errors(outcomes)
    assert isinstance(lost, AlreadyReviewed)
    review = Review.objects.get()
    version.refresh_from_db()
    assert version.state == review.verdict
    assert world.cycle.self_assessments.count() == (2 if review.verdict == Verdict.RETURNED else 1)


def again(user: User) -> User:
    return User.objects.get(pk=user.pk)


def test_signing_against_sending_back(transactional_db):
    world = build_world()
    handed_in = hand_in(world)
    digest = seen(handed_in)
    outcomes = at_once(
        lambda: actions.sign(self_assessment=handed_in, seen_sha256=digest, by=again(world.cio)),
        lambda: actions.send_back(self_assessment=handed_in, reason="请改。", by=again(world.cio)),
    )
    (lost,) = errors(outcomes)
    assert isinstance(lost, WrongState)
    handed_in.refresh_from_db()
    assert (handed_in.state, bool(handed_in.content)) in [(S.SUBMITTED, True), (S.DRAFT, False)]


def test_a_double_click_on_sign(transactional_db):
    world = build_world()
    handed_in = hand_in(world)
    digest = seen(handed_in)
    outcomes = at_once(*[lambda: actions.sign(self_assessment=handed_in, seen_sha256=digest, by=again(world.cio))] * 2)
    assert len(errors(outcomes)) == 1
    assert SelfAssessment.objects.get(pk=handed_in.pk).state == S.SUBMITTED


def test_two_tabs_save_a_first_answer(transactional_db):
    world = build_world()
    requirement = world.requirement(RequirementKind.MATURITY)

    def save(level):
        drafts = {requirement.pk: draft(requirement, level=level)}
        return lambda: actions.save_answers(self_assessment=world.draft, drafts=drafts, by=again(world.contributor))

    outcomes = at_once(save(1), save(4))
    (lost,) = errors(outcomes)
    assert isinstance(lost, StaleAnswers)
    answer = world.draft.answers.get()
    assert (answer.level, answer.revision) == (lost.current[requirement.pk].level, 1)
