"""Verdicts on submissions and self-assessments: who, when, and what follows."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction

from assessments import actions
from assessments.actions import AlreadyReviewed
from assessments.enums import SelfAssessmentState, Verdict
from assessments.models import Answer, Remark, Review
from assessments.remarks import RemarkGiven
from plan.enums import RequirementKind
from portal.accounts.actions import add_member, set_scope
from portal.accounts.enums import InstitutionKind, Role
from portal.accounts.models import User
from portal.audit.models import AuditEvent
from portal.gate import WrongState
from portal.notices.enums import NoticeKind
from portal.notices.models import Notice
from tasks.enums import AssignmentState
from tasks.models import Evidence
from tests.assessments.world import accepted, answer_all, hand_in, returned, seen, signed
from tests.factories.accounts import AuthorityFactory, member
from tests.factories.assessments import SelfAssessmentFactory
from tests.factories.tasks import AssignmentFactory, EvidenceFactory, SubmissionFactory, fill_in, take_away

K = RequirementKind
S = SelfAssessmentState
EVERYBODY = ["contributor", "liaison", "cio", "supervisor", "lead", "observer"]
REVIEWERS = ("supervisor", "lead")


@pytest.fixture
def submission(world):
    return submitted(world)


def submitted(world):
    """What the CIO signed for the first task."""
    take_away(world.first_assignment)
    assignment = AssignmentFactory(task=world.first, institution=world.institution, state=AssignmentState.SUBMITTED)
    return SubmissionFactory(assignment=fill_in(assignment))


def returning(world, **changes):
    requirement = world.requirement(K.MATURITY)
    remarks = {requirement.pk: returned("请补充制度文件。")}
    return {"verdict": Verdict.RETURNED, "remarks": remarks, **by(world), **changes}


def accepting(world, **changes):
    return {"verdict": Verdict.ACCEPTED, "remarks": {}, **by(world), **changes}


def by(world):
    return {"by": world.supervisor, "authority": world.authority}


# --- Submissions ------------------------------------------------------------------------------------------


def test_an_accepted_submission_ends_the_assignment(world, submission):
    review = actions.review_submission(submission=submission, comment="材料齐全。", **accepting(world))
    assert (review.authority, review.reviewer, review.comment) == (world.authority, world.supervisor, "材料齐全。")
    submission.assignment.refresh_from_db()
    assert submission.assignment.state == AssignmentState.ACCEPTED
    told = Notice.objects.filter(kind=NoticeKind.ACCEPTED).values_list("recipient", flat=True)
    assert set(told) == {world.contributor.pk, world.liaison.pk, world.cio.pk}
    event = AuditEvent.objects.get(action="assignment.accept")
    assert (event.data["review"], event.data["submission"]) == (review.pk, 1)


def test_a_returned_submission_carries_a_reason_for_each_requirement(world, submission):
    actions.review_submission(submission=submission, **returning(world))
    submission.assignment.refresh_from_db()
    assert submission.assignment.state == AssignmentState.RETURNED
    assert [(r.requirement.kind, r.text) for r in Remark.objects.all()] == [(K.MATURITY, "请补充制度文件。")]
    told = AuditEvent.objects.get(action="assignment.return").data["remarks"]
    assert told == {"1.2": {"verdict": "returned", "text": "请补充制度文件。"}}


def test_a_remark_on_an_accepted_requirement_is_kept_and_told(world, submission):
    remarks = {world.requirement(K.MATURITY).pk: accepted(" 做得好。 "), world.requirement(K.DATE).pk: accepted()}
    review = actions.review_submission(submission=submission, **accepting(world, remarks=remarks))
    assert review.reasons == []
    assert [(remark.requirement.kind, remark.text) for remark in review.comments] == [(K.MATURITY, "做得好。")]
    assert review.remarks.count() == 2
    told = AuditEvent.objects.get(action="assignment.accept").data["remarks"]
    assert told["1.2"] == {"verdict": "accepted", "text": "做得好。"}


def test_a_return_may_accept_single_requirements(world, submission):
    remarks = {world.requirement(K.MATURITY).pk: returned("请补充。"), world.requirement(K.DATE).pk: accepted("无误。")}
    review = actions.review_submission(submission=submission, **returning(world, remarks=remarks))
    assert [reason.text for reason in review.reasons] == ["请补充。"]
    assert [comment.text for comment in review.comments] == ["无误。"]


@pytest.mark.parametrize(
    ("given", "code"),
    [(None, "reasons_missing"), (accepted("可以。"), "reasons_missing"), (returned("  "), "text_missing")],
)
def test_a_return_needs_a_reason(world, submission, given, code):
    remarks = {world.requirement(K.MATURITY).pk: given} if given else {}
    with pytest.raises(ValidationError) as caught:
        actions.review_submission(submission=submission, **returning(world, remarks=remarks))
    assert caught.value.code == code
    assert not Review.objects.exists()


def test_reasons_are_not_lost_in_an_acceptance(world, submission):
    verdict = returning(world, verdict=Verdict.ACCEPTED)
    with pytest.raises(ValidationError) as caught:
        actions.review_submission(submission=submission, **verdict)
    assert caught.value.code == "reasons_given"
    submission.assignment.refresh_from_db()
    assert submission.assignment.state == AssignmentState.SUBMITTED


def test_a_remark_is_for_something_that_was_signed(world, submission):
    elsewhere = world.second.requirements.first()
    with pytest.raises(ValueError, match="was signed"):
        actions.review_submission(submission=submission, **returning(world, remarks={elsewhere.pk: returned("请改。")}))


def test_a_remark_has_a_verdict(world, submission):
    remarks = {world.requirement(K.MATURITY).pk: RemarkGiven("", "请改。")}
    with pytest.raises(ValueError, match="a verdict"):
        actions.review_submission(submission=submission, **accepting(world, remarks=remarks))


@pytest.mark.parametrize("verdict", list(Verdict))
@pytest.mark.parametrize("who", EVERYBODY)
def test_who_may_judge(world, submission, who, verdict):
    self_assessment = signed(world)
    given = (returning if verdict == Verdict.RETURNED else accepting)(world) | {"by": getattr(world, who)}
    for name, row in (("submission", submission), ("self_assessment", self_assessment)):
        review = getattr(actions, f"review_{name}")
        if who in REVIEWERS:
            assert review(**{name: row}, **given).verdict == verdict
        else:
            with pytest.raises(PermissionDenied):
                review(**{name: row}, **given)


def test_nobody_judges_outside_the_scope(world, submission):
    set_scope(authority=world.authority, kinds=[InstitutionKind.FUND], all_regions=True, by=None)
    with pytest.raises(PermissionDenied):
        actions.review_submission(submission=submission, **accepting(world))


def test_nobody_judges_the_own_institution(world, submission):
    add_member(user=world.supervisor, body=world.institution, role=Role.LIAISON, by=None)
    supervisor = User.objects.get(pk=world.supervisor.pk)
    for name, row in (("submission", submission), ("self_assessment", signed(world))):
        with pytest.raises(PermissionDenied):
            getattr(actions, f"review_{name}")(**{name: row}, **accepting(world) | {"by": supervisor})


def test_a_verdict_is_given_in_the_name_of_an_authority_where_the_role_allows_it(world, submission):
    other = AuthorityFactory()
    add_member(user=world.supervisor, body=other, role=Role.OBSERVER, by=None)
    supervisor = User.objects.get(pk=world.supervisor.pk)
    with pytest.raises(PermissionDenied):
        actions.review_submission(submission=submission, **accepting(world) | {"by": supervisor, "authority": other})


def test_the_second_verdict_hears_of_the_first(world, submission):
    actions.review_submission(submission=submission, **accepting(world))
    with pytest.raises(AlreadyReviewed, match="已对该版本作出结论：已验收"):
        actions.review_submission(submission=submission, **returning(world) | {"by": world.lead})
    assert Review.objects.count() == 1


def test_only_the_latest_submission_is_judged(world, submission):
    later = SubmissionFactory(assignment=submission.assignment)
    with pytest.raises(WrongState) as caught:
        actions.review_submission(submission=submission, **accepting(world))
    assert caught.value.code == "superseded"
    actions.review_submission(submission=later, **accepting(world))


# --- Self-assessments -------------------------------------------------------------------------------------


def test_an_accepted_self_assessment_opens_no_version(world):
    version = signed(world)
    actions.review_self_assessment(self_assessment=version, **accepting(world))
    version.refresh_from_db()
    assert version.state == S.ACCEPTED
    assert version.reviewed_at
    assert world.cycle.self_assessments.count() == 1
    assert Notice.objects.filter(kind=NoticeKind.ACCEPTED).count() == 3


def test_a_return_opens_the_next_version_with_the_answers_and_keeps_the_earlier(world):
    answer_all(world)
    requirement = world.requirement(K.MATURITY)
    kept, withdrawn = (EvidenceFactory(assignment=world.first_assignment, requirement=requirement) for _ in range(2))
    world.draft.answers.get(requirement=requirement).evidence.set([kept, withdrawn])
    handed_in = actions.hand_in(self_assessment=world.draft, by=world.contributor)
    first = actions.sign(self_assessment=handed_in, seen_sha256=seen(handed_in), by=world.cio)
    Evidence.objects.filter(pk=withdrawn.pk).update(withdrawn_at=first.signed_at)
    content = first.content
    actions.review_self_assessment(self_assessment=first, comment="请按理由修改。", **returning(world))

    second = world.cycle.self_assessments.get(version=2)
    assert (second.state, second.content, second.signed_at) == (S.DRAFT, None, None)
    fields = ["requirement", "in_place", "level", "numerator", "denominator", "number", "date", "justification"]
    order = "requirement"
    assert list(second.answers.order_by(order).values(*fields)) == list(first.answers.order_by(order).values(*fields))
    assert list(second.answers.get(requirement=requirement).evidence.all()) == [kept]

    actions.save_answers(
        self_assessment=second,
        drafts={requirement.pk: answered(second, requirement, level=5)},
        by=world.contributor,
    )
    first.refresh_from_db()
    assert (first.state, first.content) == (S.RETURNED, content)
    assert first.answers.get(requirement=requirement).level == 3
    told = Notice.objects.filter(kind=NoticeKind.RETURNED)
    assert {notice.path for notice in told} == {second.get_absolute_url()}


def answered(self_assessment, requirement, **values):
    from tests.assessments.world import draft

    revision = self_assessment.answers.get(requirement=requirement).revision
    return draft(requirement, revision=revision, **values)


def test_a_new_version_is_signed_and_judged_again(world):
    first = signed(world)
    actions.review_self_assessment(self_assessment=first, **returning(world))
    second = world.cycle.self_assessments.get(version=2)
    second.answers.update(reply="已补充。")
    handed_in = actions.hand_in(self_assessment=second, by=world.contributor)
    second = actions.sign(self_assessment=handed_in, seen_sha256=seen(handed_in), by=world.cio)
    actions.review_self_assessment(self_assessment=second, **accepting(world))
    states = world.cycle.self_assessments.order_by("version").values_list("state", flat=True)
    assert list(states) == [S.RETURNED, S.ACCEPTED]


@pytest.mark.parametrize("state", [S.DRAFT, S.AWAITING_SIGNATURE])
def test_what_was_not_signed_is_not_judged(world, state):
    row = hand_in(world) if state == S.AWAITING_SIGNATURE else world.draft
    with pytest.raises(WrongState):
        actions.review_self_assessment(self_assessment=row, **accepting(world))
    assert not Review.objects.exists()


@pytest.mark.parametrize("state", [S.ACCEPTED, S.RETURNED])
def test_what_was_judged_is_not_judged_again(world, state):
    row = signed(world)
    actions.review_self_assessment(
        self_assessment=row, **(accepting(world) if state == S.ACCEPTED else returning(world))
    )
    with pytest.raises(AlreadyReviewed):
        actions.review_self_assessment(self_assessment=row, **accepting(world))
    assert Answer.objects.filter(self_assessment__version=3).count() == 0


def test_a_review_is_of_exactly_one_thing(world, submission):
    facts = {"authority": world.authority, "reviewer": world.supervisor, "verdict": Verdict.ACCEPTED}
    both = {"submission": submission, "self_assessment": SelfAssessmentFactory(state=S.SUBMITTED)}
    for targets in ({}, both):
        with pytest.raises(IntegrityError), transaction.atomic():
            Review.objects.create(**facts, **targets)


def test_reviews_are_seen_by_the_institution_and_its_supervisors(world, submission):
    review = actions.review_submission(submission=submission, **accepting(world))
    stranger = member(AuthorityFactory(kinds=[InstitutionKind.FUND]), Role.SUPERVISOR)
    assert list(Review.objects.visible_to(world.cio)) == [review]
    assert list(Review.objects.visible_to(world.observer)) == [review]
    assert not Review.objects.visible_to(stranger).exists()
