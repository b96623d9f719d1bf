"""Two reviewers at once, in real transactions: one wins, the other is told."""

import pytest

from assessments import actions
from assessments.actions import AlreadyReviewed, StaleReviewDraft
from assessments.enums import ReviewDraftState, SelfAssessmentState, Verdict
from assessments.models import Review, ReviewDraft
from plan.enums import RequirementKind
from portal.accounts.enums import Role
from portal.gate import WrongState
from tests.assessments.reviewing import asks_for_two, submitted
from tests.assessments.test_races import again, at_once, errors
from tests.assessments.world import build_world, returned, signed
from tests.factories.accounts import member

pytestmark = pytest.mark.django_db(transaction=True)


def given(world, by, **changes):
    remarks = {world.requirement(RequirementKind.MATURITY).pk: returned("请补充。")}
    return {
        "verdict": Verdict.RETURNED,
        "remarks": remarks,
        "by": again(by),
        "authority": world.authority,
        **changes,
    }


def proposed(world, by=None) -> ReviewDraft:
    asks_for_two(world)
    return actions.propose_review(signed=signed(world), **given(world, by or world.supervisor))


def fresh(draft: ReviewDraft) -> ReviewDraft:
    return ReviewDraft.objects.get(pk=draft.pk)


def test_two_reviewers_send_a_submission(transactional_db):
    world = build_world()
    submission = submitted(world)
    people = (world.lead, world.supervisor)
    outcomes = at_once(
        *[lambda by=by: actions.review_submission(submission=submission, **given(world, by)) for by in people]
    )
    (lost,) = errors(outcomes)
    assert isinstance(lost, AlreadyReviewed)
    assert Review.objects.count() == 1


def test_a_double_click_on_send(transactional_db):
    world = build_world()
    version = signed(world)
    outcomes = at_once(
        *[lambda: actions.review_self_assessment(self_assessment=version, **given(world, world.supervisor))] * 2
    )
    assert [type(error) for error in errors(outcomes)] == [AlreadyReviewed]
    assert world.cycle.self_assessments.count() == 2


def test_confirming_against_recalling(transactional_db):
    world = build_world()
    draft = proposed(world)
    one, other = fresh(draft), fresh(draft)
    outcomes = at_once(
        lambda: actions.confirm_review(draft=one, revision=1, by=again(world.lead)),
        lambda: actions.recall_review(draft=other, by=again(world.supervisor)),
    )
    (lost,) = errors(outcomes)
    assert isinstance(lost, WrongState)
    version = world.cycle.self_assessments.get(version=1)
    if Review.objects.exists():
        assert version.state == SelfAssessmentState.RETURNED
        assert not ReviewDraft.objects.exists()
    else:
        assert version.state == SelfAssessmentState.SUBMITTED
        assert fresh(draft).state == ReviewDraftState.DRAFT


def test_two_leads_confirm(transactional_db):
    world = build_world()
    draft = proposed(world)
    leads = [world.lead, member(world.authority, Role.LEAD_SUPERVISOR)]
    outcomes = at_once(
        *[lambda by=by: actions.confirm_review(draft=fresh(draft), revision=1, by=again(by)) for by in leads]
    )
    (lost,) = errors(outcomes)
    assert isinstance(lost, WrongState)
    assert Review.objects.get().proposed_by == world.supervisor


def test_one_lead_confirms_and_another_declines(transactional_db):
    world = build_world()
    draft = proposed(world)
    one, other = fresh(draft), fresh(draft)
    second = member(world.authority, Role.LEAD_SUPERVISOR)
    outcomes = at_once(
        lambda: actions.confirm_review(draft=one, revision=1, by=again(world.lead)),
        lambda: actions.decline_review(draft=other, reason="请核实。", revision=1, by=again(second)),
    )
    (lost,) = errors(outcomes)
    assert isinstance(lost, WrongState)
    assert Review.objects.exists() != ReviewDraft.objects.exists()


def test_two_propose(transactional_db):
    world = build_world()
    asks_for_two(world)
    version = signed(world)
    people = (world.lead, world.supervisor)
    outcomes = at_once(*[lambda by=by: actions.propose_review(signed=version, **given(world, by)) for by in people])
    (lost,) = errors(outcomes)
    assert lost.code == "already_proposed"
    assert ReviewDraft.objects.get().state == ReviewDraftState.PROPOSED


def test_two_windows_begin_a_draft(transactional_db):
    world = build_world()
    version = signed(world)

    def save(text):
        return actions.save_review_draft(
            signed=version,
            comment=text,
            remarks={},
            revision=0,
            by=again(world.supervisor),
            authority=world.authority,
        )

    outcomes = at_once(lambda: save("甲"), lambda: save("乙"))
    (lost,) = errors(outcomes)
    assert isinstance(lost, StaleReviewDraft)
    assert ReviewDraft.objects.get().comment == lost.current.comment


def test_saving_against_sending(transactional_db):
    world = build_world()
    version = signed(world)
    draft = {"signed": version, "comment": "", "remarks": {}, "authority": world.authority}
    actions.save_review_draft(**draft, revision=0, by=world.supervisor)
    outcomes = at_once(
        lambda: actions.save_review_draft(**draft, revision=1, by=again(world.supervisor)),
        lambda: actions.review_self_assessment(self_assessment=version, **given(world, world.supervisor, revision=1)),
    )
    (lost,) = errors(outcomes)
    assert isinstance(lost, AlreadyReviewed | StaleReviewDraft)
    assert Review.objects.exists() != ReviewDraft.objects.exists()
