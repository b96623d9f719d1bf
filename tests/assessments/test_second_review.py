"""Where a plan asks for a second pair of eyes: one proposes, another confirms or declines."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils import timezone

from assessments import actions
from assessments.actions import AlreadyReviewed, StaleReviewDraft
from assessments.enums import ReviewDraftState, SelfAssessmentState, Verdict
from assessments.models import Review, ReviewDraft, SelfAssessment
from plan.enums import RequirementKind
from portal.accounts.actions import add_member
from portal.accounts.enums import InstitutionKind, Role
from portal.accounts.models import User
from portal.audit.models import AuditEvent
from portal.gate import WrongState
from portal.notices.enums import NoticeKind
from portal.notices.models import Notice
from tasks.enums import AssignmentState
from tasks.models import Assignment
from tests.assessments.reviewing import asks_for_two, submitted, typed
from tests.assessments.world import accepted, returned, signed
from tests.factories.accounts import AuthorityFactory, member
from tests.factories.tasks import SubmissionFactory

K = RequirementKind
EVERYBODY = ["contributor", "liaison", "cio", "supervisor", "lead", "observer"]
SECRET = "请补充制度文件。"
GONE = "已被收回或已有处理结果"


@pytest.fixture
def version(world):
    asks_for_two(world)
    return signed(world)


def given(world, verdict=Verdict.RETURNED, by=None, **changes):
    say = returned if verdict == Verdict.RETURNED else accepted
    remarks = {world.requirement(K.MATURITY).pk: say(SECRET)}
    by = by or world.supervisor
    return {"verdict": verdict, "remarks": remarks, "by": by, "authority": world.authority, **changes}


def propose(world, work, **changes) -> ReviewDraft:
    return actions.propose_review(signed=work, **given(world, **changes))


def page(client, user, work):
    client.force_login(user)
    return client.get(reverse("assessments:review_self_assessment", args=[work.pk]), follow=True)


def post(client, user, name, work, **data):
    client.force_login(user)
    url = reverse(f"assessments:{name}", args=["self-assessments", work.pk])
    return client.post(url, data, follow=True)


def withdrawn(version) -> None:
    SelfAssessment.objects.filter(pk=version.pk).update(
        state=SelfAssessmentState.WITHDRAWN, withdrawn_at=timezone.now()
    )


# --- Proposing --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["supervisor", "lead"])
@pytest.mark.parametrize("verdict", list(Verdict))
def test_nobody_sends_alone(world, version, who, verdict):
    with pytest.raises(ValidationError) as caught:
        actions.review_self_assessment(self_assessment=version, **given(world, verdict, by=getattr(world, who)))
    assert caught.value.code == "needs_second_review"
    submission = submitted(world)
    with pytest.raises(ValidationError):
        actions.review_submission(submission=submission, **given(world, verdict, by=getattr(world, who)))
    assert not Review.objects.exists()


@pytest.mark.parametrize("who", EVERYBODY)
def test_who_may_propose(world, version, who):
    if who in ("supervisor", "lead"):
        assert propose(world, version, by=getattr(world, who)).state == ReviewDraftState.PROPOSED
    else:
        with pytest.raises(PermissionDenied):
            propose(world, version, by=getattr(world, who))


def test_a_proposal_moves_nothing_and_tells_the_leads(world, version):
    colleague = member(world.authority, Role.LEAD_SUPERVISOR)
    member(AuthorityFactory(), Role.LEAD_SUPERVISOR)
    insider = member(world.authority, Role.LEAD_SUPERVISOR)
    add_member(user=insider, body=world.institution, role=Role.CIO, by=None)
    draft = propose(world, version, by=world.lead)
    version.refresh_from_db()
    assert version.state == SelfAssessmentState.SUBMITTED
    notice = Notice.objects.get(kind=NoticeKind.REVIEW_PROPOSED)
    assert (notice.recipient, notice.path) == (colleague, draft.get_absolute_url())
    event = AuditEvent.objects.get(action="reviewdraft.propose")
    assert SECRET not in str(event.data)


def test_a_proposal_must_be_fit_to_be_sent(world, version):
    for changes, code in (
        ({"remarks": {}}, "reasons_missing"),
        ({"verdict": Verdict.ACCEPTED, "remarks": {world.requirement(K.DATE).pk: returned("改。")}}, "reasons_given"),
    ):
        with pytest.raises(ValidationError) as caught:
            actions.propose_review(signed=version, **given(world) | changes)
        assert caught.value.code == code
    assert not ReviewDraft.objects.exists()


def test_one_proposal_at_a_time_of_whichever_authority(world, version):
    propose(world, version)
    other = AuthorityFactory()
    rival = member(other, Role.SUPERVISOR)
    for changes in ({"by": world.lead}, {"by": rival, "authority": other}):
        with pytest.raises(WrongState) as caught:
            actions.propose_review(signed=version, **given(world) | changes)
        assert caught.value.code == "already_proposed"


def test_a_proposal_stands_still(world, version):
    propose(world, version)
    with pytest.raises(WrongState):
        actions.save_review_draft(
            signed=version, comment="", remarks={}, revision=1, by=world.supervisor, authority=world.authority
        )
    with pytest.raises(WrongState):
        propose(world, version, revision=1)


def test_a_proposal_from_an_older_draft_is_refused(world, version):
    remarks = {world.requirement(K.DATE).pk: accepted("无误。")}
    actions.save_review_draft(
        signed=version, comment="", remarks=remarks, revision=0, by=world.supervisor, authority=world.authority
    )
    with pytest.raises(StaleReviewDraft):
        propose(world, version, revision=0)


def test_there_is_nothing_to_propose_where_one_may_send_alone(world):
    with pytest.raises(ValidationError) as caught:
        propose(world, signed(world))
    assert caught.value.code == "needs_no_second_review"


# --- Confirming -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_confirmed_proposal_is_sent_as_it_was_proposed(world, version, verdict):
    draft = propose(world, version, verdict=verdict, comment="总体看法")
    review = actions.confirm_review(draft=draft, revision=draft.revision, by=world.lead)
    assert (review.reviewer, review.proposed_by, review.verdict) == (world.lead, world.supervisor, verdict)
    assert review.comment == "总体看法"
    assert [(remark.verdict, remark.text) for remark in review.remarks.all()] == [(verdict, SECRET)]
    version.refresh_from_db()
    assert version.state == verdict
    assert not ReviewDraft.objects.exists()
    move = "accept" if verdict == Verdict.ACCEPTED else "return"
    told = AuditEvent.objects.get(action=f"selfassessment.{move}")
    assert (told.actor, told.data["proposed_by"]) == (world.lead, world.supervisor.pk)


def test_a_submission_is_confirmed_too(world, version):
    submission = submitted(world)
    draft = propose(world, submission, verdict=Verdict.ACCEPTED)
    actions.confirm_review(draft=draft, revision=draft.revision, by=world.lead)
    assert Assignment.objects.get(pk=submission.assignment_id).state == AssignmentState.ACCEPTED


@pytest.mark.parametrize("who", EVERYBODY)
def test_who_may_decide(world, version, who):
    draft = propose(world, version)
    for decide, more in ((actions.decline_review, {"reason": "请核实。"}), (actions.confirm_review, {})):
        if who == "lead":
            decide(draft=draft, revision=draft.revision, by=world.lead, **more)
            draft = propose(world, version, revision=1) if decide == actions.decline_review else draft
        else:
            with pytest.raises(PermissionDenied):
                decide(draft=draft, revision=draft.revision, by=getattr(world, who), **more)


def test_nobody_decides_on_the_own_proposal_or_in_another_authority(world, version):
    draft = propose(world, version, by=world.lead)
    for user in (world.lead, member(AuthorityFactory(), Role.LEAD_SUPERVISOR)):
        for decide, more in ((actions.confirm_review, {}), (actions.decline_review, {"reason": "请核实。"})):
            with pytest.raises(PermissionDenied):
                decide(draft=draft, revision=draft.revision, by=user, **more)


def test_nobody_decides_on_or_reads_what_is_about_the_own_institution(client, world, version):
    draft = propose(world, version)
    add_member(user=world.lead, body=world.institution, role=Role.LIAISON, by=None)
    lead = User.objects.get(pk=world.lead.pk)
    with pytest.raises(PermissionDenied):
        actions.confirm_review(draft=draft, revision=draft.revision, by=lead)
    with pytest.raises(PermissionDenied):
        actions.decline_review(draft=draft, reason="请核实。", revision=draft.revision, by=lead)
    assert not ReviewDraft.objects.visible_to(lead).exists()
    for membership in lead.memberships.all():
        client.force_login(lead)
        client.post(reverse("accounts:act_for", args=[membership.pk]))
        answer = client.get(reverse("assessments:review_self_assessment", args=[version.pk]), follow=True)
        assert SECRET not in answer.text


def test_nobody_recalls_for_the_own_institution_or_for_others(world, version):
    draft = propose(world, version)
    for user in (world.lead, world.cio, world.observer):
        with pytest.raises(PermissionDenied):
            actions.recall_review(draft=draft, by=user)
    add_member(user=world.supervisor, body=world.institution, role=Role.LIAISON, by=None)
    with pytest.raises(PermissionDenied):
        actions.recall_review(draft=draft, by=User.objects.get(pk=world.supervisor.pk))


def test_what_is_confirmed_is_what_was_read(world, version):
    seen = propose(world, version)
    actions.recall_review(draft=seen, by=world.supervisor)
    again = propose(world, version, revision=1, comment="改过的结论")
    with pytest.raises(WrongState) as caught:
        actions.confirm_review(draft=seen, revision=seen.revision, by=world.lead)
    assert caught.value.code == "changed"
    assert actions.confirm_review(draft=again, revision=again.revision, by=world.lead).comment == "改过的结论"


def test_a_recalled_proposal_is_a_draft_again(world, version):
    draft = propose(world, version)
    recalled = actions.recall_review(draft=draft, by=world.supervisor)
    assert (recalled.state, recalled.given) == (ReviewDraftState.DRAFT, draft.given)
    with pytest.raises(WrongState):
        actions.confirm_review(draft=draft, revision=draft.revision, by=world.lead)
    with pytest.raises(WrongState):
        actions.recall_review(draft=draft, by=world.supervisor)


def test_a_declined_proposal_goes_back_with_the_reason(client, world, version):
    draft = propose(world, version)
    with pytest.raises(ValidationError):
        actions.decline_review(draft=draft, reason="  ", revision=draft.revision, by=world.lead)
    declined = actions.decline_review(draft=draft, reason="理由不足。", revision=draft.revision, by=world.lead)
    assert (declined.state, declined.declined_by) == (ReviewDraftState.DRAFT, world.lead)
    notice = Notice.objects.get(kind=NoticeKind.REVIEW_DECLINED)
    assert notice.recipient == world.supervisor
    answer = page(client, world.supervisor, version)
    assert "理由不足。" in answer.text
    assert f"{SECRET}</textarea>" in answer.text
    assert "理由不足。" not in page(client, world.cio, version).text


def test_a_proposal_becomes_void(client, world, version):
    draft = propose(world, version)
    withdrawn(version)
    for decide, more in ((actions.confirm_review, {}), (actions.decline_review, {"reason": "请核实。"})):
        with pytest.raises(WrongState) as caught:
            decide(draft=draft, revision=draft.revision, by=world.lead, **more)
        assert caught.value.code == "withdrawn"
    for user in (world.supervisor, world.lead):
        answer = page(client, user, version)
        assert "拟定的结论已失效" in answer.text
        assert SECRET in answer.text
        assert "同意并发送" not in answer.text


def test_another_authority_was_first(world, version):
    other = AuthorityFactory()
    rival = member(other, Role.SUPERVISOR)
    draft = propose(world, version)
    world.plan.needs_second_review = False
    world.plan.save()
    actions.review_self_assessment(
        self_assessment=SelfAssessment.objects.get(pk=version.pk),
        verdict=Verdict.ACCEPTED,
        remarks={},
        by=rival,
        authority=other,
    )
    with pytest.raises(AlreadyReviewed):
        actions.confirm_review(draft=draft, revision=draft.revision, by=world.lead)


# --- What waits for a decision ----------------------------------------------------------------------------


def to_confirm(user):
    return list(ReviewDraft.objects.to_confirm(user, user.memberships.get()))


@pytest.mark.parametrize("who", ["supervisor", "lead", "observer"])
def test_what_waits_for_ones_decision(world, version, who):
    draft = propose(world, version)
    assert to_confirm(getattr(world, who)) == ([draft] if who == "lead" else [])


def test_what_does_not_wait_for_ones_decision(world, version):
    own = propose(world, version, by=world.lead)
    assert to_confirm(world.lead) == []
    assert to_confirm(member(AuthorityFactory(), Role.LEAD_SUPERVISOR)) == []
    colleague = member(world.authority, Role.LEAD_SUPERVISOR)
    assert to_confirm(colleague) == [own]
    withdrawn(version)
    assert to_confirm(colleague) == []


def test_a_replaced_submission_waits_for_no_decision(world, version):
    submission = submitted(world)
    draft = propose(world, submission)
    assert to_confirm(world.lead) == [draft]
    SubmissionFactory(assignment=submission.assignment)
    assert to_confirm(world.lead) == []


def test_nothing_outside_the_scope_waits(world, version):
    from portal.accounts.actions import set_scope

    propose(world, version)
    set_scope(authority=world.authority, kinds=[InstitutionKind.FUND], all_regions=True, by=None)
    assert to_confirm(world.lead) == []


# --- Pages ------------------------------------------------------------------------------------------------


def test_the_way_of_a_proposal_through_the_pages(client, world, version):
    url = reverse("assessments:review_self_assessment", args=[version.pk])
    client.force_login(world.supervisor)
    text = client.get(url).text
    assert "提交复核（退回）" in text
    assert "发送（退回）" not in text
    assert world.lead.name in text
    client.post(url, typed(world) | {"verdict": "returned"})
    own = client.get(url).text
    assert "正在等待复核" in own
    assert "收回修改" in own

    proposal = page(client, world.lead, version)
    assert SECRET in proposal.text
    assert "总体看法" in proposal.text
    assert "此项无误。" in proposal.text
    assert "退回 1 项要求，接受 1 项，附意见 2 项" in proposal.text
    assert "<textarea" in proposal.text
    assert 'name="verdict"' not in proposal.text
    refused = post(client, world.lead, "decline_review", version, revision="1", reason="")
    assert refused.status_code == 400
    post(client, world.lead, "decline_review", version, revision="1", reason="请再核实。")
    assert "请再核实。" in page(client, world.supervisor, version).text
    client.post(url, typed(world, 1) | {"verdict": "returned"})
    done = post(client, world.lead, "confirm_review", version, revision="2")
    assert "没有其他待复核的结论" in done.text
    assert Review.objects.get().proposed_by == world.supervisor
    assert f"由{world.supervisor.name}拟定" in page(client, world.observer, version).text


@pytest.mark.parametrize("who", EVERYBODY)
def test_a_proposal_is_read_by_its_maker_and_the_leads(client, world, version, who):
    propose(world, version)
    assert (SECRET in page(client, getattr(world, who), version).text) == (who in ("supervisor", "lead"))


def test_the_page_says_when_nobody_can_confirm(client, world, version):
    assert "本单位目前没有其他人可以复核" in page(client, world.lead, version).text
    colleague = member(world.authority, Role.LEAD_SUPERVISOR, name="复核人")
    assert f"可以复核的人员：\n    \n      {colleague.name}" in page(client, world.lead, version).text


def test_what_came_too_late_is_told_and_the_reason_kept(client, world, version):
    draft = propose(world, version)
    actions.recall_review(draft=draft, by=world.supervisor)
    assert GONE in post(client, world.lead, "confirm_review", version, revision="1").text
    declined = post(client, world.lead, "decline_review", version, revision="1", reason="写好的理由")
    assert declined.status_code == 400
    assert GONE in declined.text
    assert "写好的理由" in declined.text
    assert GONE in post(client, world.supervisor, "recall_review", version).text
    assert GONE in post(client, world.lead, "recall_review", version).text
    again = propose(world, version, revision=1)
    assert "已有变化" in post(client, world.lead, "confirm_review", version, revision="1").text
    assert "已有变化" in post(client, world.lead, "confirm_review", version, revision="x").text
    assert ReviewDraft.objects.get() == again


@pytest.mark.parametrize("who", EVERYBODY)
def test_who_may_post_a_decision(client, world, version, who):
    propose(world, version)
    for name in ("confirm_review", "decline_review"):
        status = post(client, getattr(world, who), name, version, revision="0", reason="请核实。").status_code
        assert (status == 403) == (who != "lead"), name
    status = post(client, getattr(world, who), "recall_review", version).status_code
    assert (status == 403) == (who not in ("supervisor", "lead"))
