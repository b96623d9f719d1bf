"""The supervisor's verdict, on submissions and on self-assessments alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from assessments.actions.review_drafts import refuse_judged, use_up_draft
from assessments.actions.self_assessments import tell_institution
from assessments.actions.versions import open_next_version
from assessments.enums import TRANSITIONS, SelfAssessmentState, Verdict
from assessments.models import Remark, Review, SelfAssessment
from assessments.permissions import can_review_for
from assessments.proposals import Signed, needs_second_review
from assessments.remarks import Judgement, RemarkGiven
from assessments.signed import requirements_signed, target_of
from plan.models import Requirement
from portal.accounts.access import check
from portal.accounts.enums import INSTITUTION_ROLES
from portal.accounts.models import Authority, User
from portal.gate import WrongState, pass_gate
from portal.notices.enums import NoticeKind
from tasks import actions as tasks
from tasks.enums import AssignmentState
from tasks.models import Assignment, Submission


@transaction.atomic
def review_submission(
    *,
    submission: Submission,
    verdict: Verdict,
    comment: str = "",
    remarks: Mapping[int, RemarkGiven],
    by: User,
    authority: Authority,
    revision: int | None = None,
) -> Review:
    """Accept the work of an assignment as done, or return it, with remarks by requirement id.

    Only the latest submission may be judged, once; raises AlreadyReviewed for whoever comes second. `revision` is
    that of the reviewer's draft as it was read; raises StaleReviewDraft when it was changed since. The draft ends.
    """
    check(can_review_for(by, authority, submission.institution.pk))
    return _judge_alone(submission, Judgement(verdict, comment, remarks), by, authority, revision)


@transaction.atomic
def review_self_assessment(
    *,
    self_assessment: SelfAssessment,
    verdict: Verdict,
    comment: str = "",
    remarks: Mapping[int, RemarkGiven],
    by: User,
    authority: Authority,
    revision: int | None = None,
) -> Review:
    """Accept a signed self-assessment, or return it: the next version then opens with the answers as they were.

    Raises what `review_submission` raises.
    """
    check(can_review_for(by, authority, self_assessment.institution_id))
    return _judge_alone(self_assessment, Judgement(verdict, comment, remarks), by, authority, revision)


def _judge_alone(signed: Signed, judgement: Judgement, by: User, authority: Authority, revision: int | None) -> Review:
    lock_waiting(signed)
    if needs_second_review(signed):
        raise ValidationError(_("该计划的审核结论须经复核，不能直接发送。请提交复核。"), code="needs_second_review")
    use_up_draft(signed, by, revision)
    return judge(signed, judgement, by=by, authority=authority)


def lock_waiting(signed: Signed) -> None:
    """Lock the work's state machine, so that one of two comes first; raises WrongState unless it awaits a verdict."""
    if isinstance(signed, Submission):
        assignment = Assignment.objects.select_for_update(of=("self",)).get(pk=signed.assignment_id)
        is_waiting = assignment.state == AssignmentState.SUBMITTED
        if assignment.submissions.filter(number__gt=signed.number).exists():
            raise WrongState(_("该机构已报送更新的版本。请审核最新版本。"), code="superseded")
    else:
        locked = SelfAssessment.objects.select_for_update(of=("self",)).get(pk=signed.pk)
        is_waiting = locked.state == SelfAssessmentState.SUBMITTED
        if locked.signed_at is None:
            raise WrongState(_("该自评尚未签署，不能审核。"), code="wrong_state")
    refuse_judged(signed)
    if not is_waiting:
        raise WrongState(_("该机构已撤回该版本。您的意见未提交。"), code="withdrawn")


def judge(
    signed: Signed, judgement: Judgement, *, by: User, authority: Authority, proposed_by: User | None = None
) -> Review:
    """The review with its remarks, and the move it brings about. The work is locked by the caller."""
    given = checked(signed, judgement)
    review = Review.objects.create(
        **target_of(signed),
        authority=authority,
        reviewer=by,
        proposed_by=proposed_by,
        verdict=judgement.verdict,
        comment=judgement.comment.strip(),
    )
    Remark.objects.bulk_create(
        Remark(review=review, requirement=requirement, verdict=remark.verdict, text=remark.text)
        for requirement, remark in given
    )
    told = {
        "review": review.pk,
        "authority": authority.name,
        "comment": review.comment,
        "remarks": {requirement.reference: remark._asdict() for requirement, remark in given},
    }
    if proposed_by:
        told["proposed_by"] = proposed_by.pk
    if isinstance(signed, Submission):
        _move_assignment(signed, judgement.verdict, by, told)
    else:
        _move_self_assessment(signed, judgement.verdict, by, told)
    return review


def checked(signed: Signed, judgement: Judgement) -> list[tuple[Requirement, RemarkGiven]]:
    """The remarks that may be sent with this verdict, each for a requirement that was signed."""
    given = {pk: RemarkGiven(remark.verdict, remark.text.strip()) for pk, remark in judgement.remarks.items()}
    requirements = {requirement.pk: requirement for requirement in requirements_signed(signed).values()}
    if not given.keys() <= requirements.keys() or {r.verdict for r in given.values()} - set(Verdict.values):
        raise ValueError("a remark is a verdict on a requirement that was signed")
    returned = {pk: remark for pk, remark in given.items() if remark.verdict == Verdict.RETURNED}
    mute = [requirements[pk].reference for pk, remark in returned.items() if not remark.text]
    if mute:
        raise ValidationError(
            _("退回的要求须填写意见：%(references)s。") % {"references": "、".join(mute)}, code="text_missing"
        )
    if judgement.verdict == Verdict.RETURNED and not returned:
        raise ValidationError(_("退回时，请至少对一项要求选择退回并填写意见。"), code="reasons_missing")
    if judgement.verdict == Verdict.ACCEPTED and returned:
        raise ValidationError(
            _("已对个别要求选择退回，不能整体接受。请改为接受这些要求，或发送退回。"), code="reasons_given"
        )
    return [(requirements[pk], remark) for pk, remark in given.items()]


def _move_assignment(submission: Submission, verdict: Verdict, by: User, told: dict[str, Any]) -> None:
    move = tasks.accept if verdict == Verdict.ACCEPTED else tasks.give_back
    move(assignment=submission.assignment, by=by, data={"submission": submission.number, **told})


def _move_self_assessment(signed: SelfAssessment, verdict: Verdict, by: User, told: dict[str, Any]) -> None:
    move = "accept" if verdict == Verdict.ACCEPTED else "return"
    reviewed = pass_gate(row=signed, name=move, moves=TRANSITIONS, by=by, data=told)
    if verdict == Verdict.ACCEPTED:
        tell_institution(reviewed, NoticeKind.ACCEPTED, INSTITUTION_ROLES, "accepted")
    else:
        tell_institution(open_next_version(reviewed), NoticeKind.RETURNED, INSTITUTION_ROLES, "opened")
