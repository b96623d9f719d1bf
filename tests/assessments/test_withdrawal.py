"""The CIO takes back what was signed, until a verdict is given."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from assessments import actions
from assessments.enums import SelfAssessmentState, Verdict
from assessments.models import CaseOfficer, Review, ReviewDraft, SelfAssessment
from assessments.permissions import can_review_for
from assessments.queue import self_assessments_to_review, submissions_to_review
from plan.enums import RequirementKind
from portal.accounts.enums import Role
from portal.accounts.models import User
from portal.audit.models import AuditEvent
from portal.gate import WrongState
from portal.notices.enums import NoticeKind
from portal.notices.models import Notice
from tasks import actions as tasks
from tasks.enums import AssignmentState
from tests.assessments.test_races import at_once, errors
from tests.assessments.world import build_world, returned, signed
from tests.factories.accounts import InstitutionFactory, member, membership_of
from tests.factories.assessments import SelfAssessmentFactory
from tests.factories.tasks import AssignmentFactory, EvidenceFactory, fill_in

K = RequirementKind
S = SelfAssessmentState
A = AssignmentState
EVERYBODY = ["contributor", "liaison", "cio", "supervisor", "lead", "observer"]


def verdict(world, verdict=Verdict.ACCEPTED, by=None):
    remarks = {world.requirement(K.MATURITY).pk: returned("请补充。")} if verdict == Verdict.RETURNED else {}
    return {"verdict": verdict, "remarks": remarks, "by": by or world.supervisor, "authority": world.authority}


def withdraw(world, version, **changes):
    facts = {"self_assessment": version, "reason": "分母有误。", "by": world.cio, **changes}
    return actions.withdraw_self_assessment(**facts)


def submitted(world):
    """The first task, signed once."""
    assignment = world.first_assignment
    assignment.state, assignment.started_at = A.IN_PROGRESS, assignment.created_at
    assignment.save()
    fill_in(assignment, by=world.contributor)
    return sign_again(world, assignment)


def sign_again(world, assignment):
    assignment = tasks.hand_in(assignment=assignment, by=world.contributor)
    seen = tasks.digests_to_sign(tasks.content_to_sign(assignment)).sha256
    tasks.sign(assignment=assignment, seen_sha256=seen, by=world.cio)
    assignment.refresh_from_db()
    return assignment


# --- A self-assessment ------------------------------------------------------------------------------------


def test_the_signed_version_stays_and_the_next_one_opens_as_it_was(world):
    version = signed(world)
    file = EvidenceFactory(assignment=world.first_assignment, requirement=world.requirement(K.EVIDENCE))
    answer = version.answers.get(requirement=world.requirement(K.EVIDENCE))
    answer.evidence.set([file])
    version.answers.update(reply="上次的答复。")
    content = version.content
    following = withdraw(world, version)
    version.refresh_from_db()
    assert (version.state, version.content, version.reviewed_at) == (S.WITHDRAWN, content, None)
    assert (following.version, following.state) == (2, S.DRAFT)
    facts = ("requirement", "level", "justification", "reply", "is_carried_over")
    assert list(following.answers.order_by("requirement").values_list(*facts)) == list(
        version.answers.order_by("requirement").values_list(*facts)
    )
    assert list(following.answers.get(requirement=answer.requirement).evidence.all()) == [file]
    event = AuditEvent.objects.get(action="selfassessment.withdraw")
    assert (event.data["reason"], event.data["version"]) == ("分母有误。", 1)


@pytest.mark.parametrize("who", EVERYBODY)
def test_only_the_cio_withdraws(world, who):
    version = signed(world)
    if who == "cio":
        assert withdraw(world, version).state == S.DRAFT
    else:
        with pytest.raises(PermissionDenied):
            withdraw(world, version, by=getattr(world, who))


def test_the_cio_of_another_institution_does_not(world):
    with pytest.raises(PermissionDenied):
        withdraw(world, signed(world), by=member(InstitutionFactory(), Role.CIO))


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_withdrawal_says_why(world, reason):
    with pytest.raises(ValidationError, match="请填写撤回的理由"):
        withdraw(world, signed(world), reason=reason)
    assert world.cycle.self_assessments.get().state == S.SUBMITTED


@pytest.mark.parametrize("state", [state for state in S if state != S.SUBMITTED])
def test_only_what_waits_for_a_verdict_is_withdrawn(world, state):
    row = SelfAssessmentFactory(cycle=world.cycle, institution=world.institution, version=2, state=state)
    with pytest.raises(WrongState):
        withdraw(world, row)
    assert world.cycle.self_assessments.count() == 2


def test_what_was_withdrawn_is_not_judged(world):
    version = signed(world)
    withdraw(world, version)
    with pytest.raises(WrongState, match="已撤回") as caught:
        actions.review_self_assessment(self_assessment=version, **verdict(world))
    assert caught.value.code == "withdrawn"
    assert not Review.objects.exists()


def test_it_leaves_the_queue_and_stands_withdrawn_until_it_is_handed_in_again(world, client):
    version = signed(world)
    acting = membership_of(world.supervisor)
    assert self_assessments_to_review(world.supervisor, acting).count() == 1
    following = withdraw(world, version)
    assert not self_assessments_to_review(world.supervisor, acting).exists()
    standing = SelfAssessment.objects.filter(cycle=world.cycle).latest_versions().with_standing()
    assert [(row.standing, row.last_signed) for row in standing] == [(S.WITHDRAWN, version.pk)]
    client.force_login(world.supervisor)
    page = client.get(reverse("assessments:list"), {"state": "withdrawn"})
    assert [row.institution for row in page.context["rows"]] == [world.institution]
    actions.hand_in(self_assessment=following, by=world.contributor)
    assert [row.standing for row in standing.all()] == [S.AWAITING_SIGNATURE]


# --- A submission -----------------------------------------------------------------------------------------


def test_a_submission_is_withdrawn_and_the_work_goes_on(world):
    assignment = submitted(world)
    submission = assignment.submissions.get()
    before = (submission.content, submission.sha256)
    assignment = actions.withdraw_submission(assignment=assignment, reason="附件有误。", by=world.cio)
    assert assignment.state == A.IN_PROGRESS
    submission.refresh_from_db()
    assert (submission.content, submission.sha256) == before
    assert AuditEvent.objects.get(action="assignment.withdraw").data["reason"] == "附件有误。"
    assert sign_again(world, assignment).submissions.count() == 2


@pytest.mark.parametrize("who", EVERYBODY)
def test_only_the_cio_withdraws_a_submission(world, who):
    assignment = submitted(world)
    if who == "cio":
        assert actions.withdraw_submission(assignment=assignment, reason="一。", by=world.cio).state == A.IN_PROGRESS
    else:
        with pytest.raises(PermissionDenied):
            actions.withdraw_submission(assignment=assignment, reason="一。", by=getattr(world, who))


@pytest.mark.parametrize("state", [state for state in A if state != A.SUBMITTED])
def test_only_what_was_submitted_is_withdrawn(world, state):
    assignment = AssignmentFactory(task=world.second, state=state)
    cio = member(assignment.institution, Role.CIO)
    with pytest.raises(WrongState):
        actions.withdraw_submission(assignment=assignment, reason="一。", by=cio)


def test_a_withdrawn_submission_is_neither_offered_nor_judged(world):
    assignment = submitted(world)
    first = assignment.submissions.get()
    acting = membership_of(world.supervisor)
    assignment = actions.withdraw_submission(assignment=assignment, reason="附件有误。", by=world.cio)
    with pytest.raises(WrongState, match="已撤回"):
        actions.review_submission(submission=first, **verdict(world))
    assert not submissions_to_review(world.supervisor, acting).exists()
    sign_again(world, assignment)
    assert [row.number for row in submissions_to_review(world.supervisor, acting)] == [2]
    states = assignment.submissions.with_withdrawn().order_by("number").values_list("is_withdrawn", flat=True)
    assert list(states) == [True, False]


# --- Who is told ------------------------------------------------------------------------------------------


def test_those_who_had_begun_are_told_and_nobody_else(world):
    version = signed(world)
    officer = member(world.authority, Role.SUPERVISOR)
    gone = member(world.authority, Role.SUPERVISOR)
    ReviewDraft.objects.create(self_assessment=version, authority=world.authority, reviewer=world.supervisor)
    ReviewDraft.objects.create(self_assessment=version, authority=world.authority, reviewer=gone)
    CaseOfficer.objects.create(
        authority=world.authority,
        institution=world.institution,
        cycle=world.cycle,
        officer=officer,
        assigned_by=world.lead,
    )
    gone.memberships.update(is_active=False)
    withdraw(world, version)
    told = Notice.objects.filter(kind=NoticeKind.WITHDRAWN).values_list("recipient", flat=True)
    assert set(told) == {world.supervisor.pk, officer.pk}
    assert ReviewDraft.objects.count() == 2, "drafts are left where they are"


def test_nobody_is_told_while_nobody_had_begun(world):
    withdraw(world, signed(world))
    assignment = submitted(world)
    actions.withdraw_submission(assignment=assignment, reason="一。", by=world.cio)
    assert not Notice.objects.filter(kind=NoticeKind.WITHDRAWN).exists()


def test_the_officer_of_a_task_is_told(world):
    assignment = submitted(world)
    CaseOfficer.objects.create(
        authority=world.authority,
        institution=world.institution,
        assignment=assignment,
        officer=world.supervisor,
        assigned_by=world.lead,
    )
    actions.withdraw_submission(assignment=assignment, reason="一。", by=world.cio)
    (notice,) = Notice.objects.filter(kind=NoticeKind.WITHDRAWN)
    assert (notice.recipient, notice.path) == (world.supervisor, assignment.get_absolute_url())


# --- Pages ------------------------------------------------------------------------------------------------


def test_the_decision_page_of_a_self_assessment(client, world):
    version = signed(world)
    url = reverse("assessments:withdraw", args=[version.pk])
    client.force_login(world.cio)
    assert url in client.get(reverse("assessments:detail", args=[version.pk])).text
    assert "随后会发生" in client.get(url).text
    assert world.cycle.self_assessments.count() == 1
    response = client.post(url, {"reason": ""})
    assert response.status_code == 400
    assert "请填写撤回的理由" in response.text
    response = client.post(url, {"reason": "分母有误。"}, follow=True)
    assert "已撤回报送" in response.text
    assert response.redirect_chain[-1][0] == world.cycle.self_assessments.get(version=2).get_absolute_url()
    assert "已撤回" in client.get(reverse("assessments:detail", args=[version.pk])).text
    again = client.post(url, {"reason": "再来一次。"}, follow=True)
    assert "当前状态为“已撤回”，不能撤回" in again.text
    assert world.cycle.self_assessments.count() == 2


def test_the_decision_page_of_a_submission(client, world):
    assignment = submitted(world)
    url = reverse("assessments:withdraw_submission", args=[assignment.pk])
    client.force_login(world.cio)
    assert url in client.get(assignment.get_absolute_url()).text
    assert client.post(url, {"reason": " "}).status_code == 400
    response = client.post(url, {"reason": "附件有误。"}, follow=True)
    assert "已撤回报送" in response.text
    assert client.get(assignment.get_absolute_url()).context["submissions"][0].is_withdrawn
    assert "不能撤回" in client.post(url, {"reason": "再来一次。"}, follow=True).text


def test_a_reviewer_with_the_page_open_is_told_that_it_was_withdrawn(client, world):
    version = signed(world)
    withdraw(world, version)
    client.force_login(world.supervisor)
    url = reverse("assessments:review_self_assessment", args=[version.pk])
    response = client.post(url, {"verdict": "accepted", "comment": ""})
    assert "已撤回" in response.text
    assert not Review.objects.exists()


# --- At once ----------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("given", list(Verdict))
def test_a_withdrawal_against_a_verdict(transactional_db, given):
    world = build_world()
    version = signed(world)
    assert can_review_for(world.supervisor, world.authority, world.institution.pk)
    cio, supervisor = (User.objects.get(pk=who.pk) for who in (world.cio, world.supervisor))
    judge = verdict(world, given, supervisor)
    outcomes = at_once(
        lambda: withdraw(world, version, by=cio),
        lambda: actions.review_self_assessment(self_assessment=version, **judge),
    )
    (lost,) = errors(outcomes)
    assert isinstance(lost, WrongState)
    version.refresh_from_db()
    assert version.state in (S.WITHDRAWN, given)
    assert Review.objects.count() == (version.state != S.WITHDRAWN)
    assert world.cycle.self_assessments.count() == (1 if version.state == S.ACCEPTED else 2)


@pytest.mark.django_db(transaction=True)
def test_a_withdrawal_of_a_submission_against_a_verdict(transactional_db):
    world = build_world()
    assignment = submitted(world)
    submission = assignment.submissions.get()
    cio, supervisor = (User.objects.get(pk=who.pk) for who in (world.cio, world.supervisor))
    judge = verdict(world, Verdict.ACCEPTED, supervisor)
    outcomes = at_once(
        lambda: actions.withdraw_submission(assignment=assignment, reason="附件有误。", by=cio),
        lambda: actions.review_submission(submission=submission, **judge),
    )
    (lost,) = errors(outcomes)
    assert isinstance(lost, WrongState)
    assignment.refresh_from_db()
    assert (assignment.state, Review.objects.count()) in [(A.IN_PROGRESS, 0), (A.ACCEPTED, 1)]
