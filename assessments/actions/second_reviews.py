"""Proposing a verdict, and what a second person makes of the proposal."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from assessments.actions.review_drafts import save_review_draft
from assessments.actions.reviews import checked, judge, lock_waiting
from assessments.enums import REVIEW_DRAFT_TRANSITIONS, ReviewDraftState, Verdict
from assessments.models import Review, ReviewDraft
from assessments.permissions import can_decide_on, can_recall, can_review_for
from assessments.proposals import Signed, confirmers, facts_of, needs_second_review
from assessments.remarks import Judgement, RemarkGiven
from assessments.signed import target_of
from portal.accounts.access import check
from portal.accounts.models import Authority, User
from portal.gate import WrongState, pass_gate
from portal.notices.actions import notify
from portal.notices.enums import NoticeKind


@transaction.atomic
def propose_review(
    *,
    signed: Signed,
    verdict: Verdict,
    comment: str = "",
    remarks: Mapping[int, RemarkGiven],
    by: User,
    authority: Authority,
    revision: int = 0,
) -> ReviewDraft:
    """Put a verdict before the lead supervisors of the authority; the draft then stands still.

    One proposal is open at a time, of whichever authority; raises WrongState for whoever comes second, and
    StaleReviewDraft for another `revision` of the draft than the proposer read.
    """
    check(can_review_for(by, authority, signed.institution.pk))
    lock_waiting(signed)
    if not needs_second_review(signed):
        raise ValidationError(_("该计划的审核结论无须复核，请直接发送。"), code="needs_no_second_review")
    checked(signed, Judgement(verdict, comment, remarks))
    _refuse_second_proposal(signed, by)
    draft = save_review_draft(
        signed=signed, comment=comment, remarks=remarks, revision=revision, by=by, authority=authority
    )
    proposed = pass_gate(row=draft, name="propose", moves=REVIEW_DRAFT_TRANSITIONS, by=by, verdict=verdict)
    notify(
        recipients=confirmers(authority, signed.institution.pk, by),
        kind=NoticeKind.REVIEW_PROPOSED,
        key=f"review_draft:{proposed.pk}:proposed:{proposed.proposed_at}",
        path=proposed.get_absolute_url(),
        institution=signed.institution,
        data=facts_of(signed),
    )
    return proposed


def _refuse_second_proposal(signed: Signed, by: User) -> None:
    proposals = ReviewDraft.objects.filter(**target_of(signed), state=ReviewDraftState.PROPOSED)
    other = proposals.exclude(reviewer=by).select_related("authority").first()
    if other:
        raise WrongState(
            _("%(authority)s已有拟定的结论正在复核。复核结束前，不能再提交其他结论。您的草稿已保留。")
            % {"authority": other.authority.local_name},
            code="already_proposed",
        )


@transaction.atomic
def confirm_review(*, draft: ReviewDraft, revision: int, by: User) -> Review:
    """Send what was proposed, as it was proposed: `by` answers for it, beside whoever proposed it.

    `revision` is that of the proposal as it was read. Raises WrongState when it was recalled, changed or decided
    meanwhile, and AlreadyReviewed when another authority gave its verdict.
    """
    check(can_decide_on(by, draft))
    signed = draft.signed
    lock_waiting(signed)
    locked = _locked_proposal(draft, revision)
    review = judge(signed, locked.judgement, by=by, authority=locked.authority, proposed_by=locked.reviewer)
    locked.delete()
    return review


@transaction.atomic
def decline_review(*, draft: ReviewDraft, reason: str, revision: int, by: User) -> ReviewDraft:
    """Give the proposal back to whoever made it, and say why. Raises what `confirm_review` raises."""
    check(can_decide_on(by, draft))
    if not reason.strip():
        raise ValidationError(_("请填写不同意的理由。"), code="reason")
    lock_waiting(draft.signed)
    declined = pass_gate(
        row=_locked_proposal(draft, revision),
        name="decline",
        moves=REVIEW_DRAFT_TRANSITIONS,
        by=by,
        declined_by=by,
        declined_reason=reason.strip(),
    )
    notify(
        recipients=[declined.reviewer],
        kind=NoticeKind.REVIEW_DECLINED,
        key=f"review_draft:{declined.pk}:declined:{declined.declined_at}",
        path=declined.get_absolute_url(),
        institution=declined.institution,
        data=facts_of(declined.signed),
    )
    return declined


@transaction.atomic
def recall_review(*, draft: ReviewDraft, by: User) -> ReviewDraft:
    """Take the own proposal back, to change it. Raises WrongState when it was decided meanwhile."""
    check(can_recall(by, draft))
    return pass_gate(row=_locked_proposal(draft), name="recall", moves=REVIEW_DRAFT_TRANSITIONS, by=by)


def _locked_proposal(draft: ReviewDraft, revision: int | None = None) -> ReviewDraft:
    locked = ReviewDraft.objects.select_for_update(of=("self",)).filter(pk=draft.pk).first()
    if locked is None or not locked.is_proposed:
        raise WrongState(_("该拟定结论已被收回或已有处理结果。请刷新页面查看最新情况。"), code="not_proposed")
    if revision is not None and locked.revision != revision:
        raise WrongState(_("您阅读之后，拟定的结论已有变化。请重新阅读后再决定。"), code="changed")
    return locked
