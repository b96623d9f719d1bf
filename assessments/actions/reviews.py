"""The supervisor's verdict, on submissions and on self-assessments alike."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from assessments.actions.self_assessments import tell_institution
from assessments.actions.versions import open_next_version
from assessments.enums import TRANSITIONS, SelfAssessmentState, Verdict
from assessments.models import Remark, Review, SelfAssessment
from assessments.permissions import can_review_for
from assessments.signed import requirements_signed
from plan.models import Requirement
from portal.accounts.access import check
from portal.accounts.enums import INSTITUTION_ROLES
from portal.accounts.models import Authority, User
from portal.gate import WrongState, pass_gate
from portal.notices.enums import NoticeKind
from tasks import actions as tasks
from tasks.enums import AssignmentState
from tasks.models import Assignment, Submission


class AlreadyReviewed(WrongState):
    """Someone else gave the verdict first; `review` is theirs."""

    def __init__(self, review: Review) -> None:
        super().__init__(
            _("%(authority)s已对该版本作出结论：%(verdict)s。您的意见未提交。")
            % {"authority": review.authority.local_name, "verdict": review.outcome},
            code="already_reviewed",
        )
        self.review = review


@transaction.atomic
def review_submission(
    *,
    submission: Submission,
    verdict: Verdict,
    comment: str = "",
    reasons: Mapping[int, str],
    by: User,
    authority: Authority,
) -> Review:
    """Accept the work of an assignment as done, or return it with reasons by requirement id.

    Only the latest submission may be judged, once; raises AlreadyReviewed for whoever comes second.
    """
    check(can_review_for(by, authority, submission.institution.pk))
    assignment = Assignment.objects.select_for_update(of=("self",)).get(pk=submission.assignment_id)
    if assignment.submissions.filter(number__gt=submission.number).exists():
        raise WrongState(_("该机构已报送更新的版本。请审核最新版本。"), code="superseded")
    if assignment.state != AssignmentState.SUBMITTED and not Review.objects.filter(submission=submission).exists():
        raise _withdrawn()
    review = _give_verdict(submission, verdict, comment, reasons, by, authority)
    move = tasks.accept if verdict == Verdict.ACCEPTED else tasks.give_back
    move(assignment=assignment, by=by, data={"submission": submission.number, **_told(review)})
    return review


@transaction.atomic
def review_self_assessment(
    *,
    self_assessment: SelfAssessment,
    verdict: Verdict,
    comment: str = "",
    reasons: Mapping[int, str],
    by: User,
    authority: Authority,
) -> Review:
    """Accept a signed self-assessment, or return it: the next version then opens with the answers as they were."""
    check(can_review_for(by, authority, self_assessment.institution_id))
    locked = SelfAssessment.objects.select_for_update(of=("self",)).get(pk=self_assessment.pk)
    if locked.signed_at is None:
        raise WrongState(_("该自评尚未签署，不能审核。"), code="wrong_state")
    if locked.state == SelfAssessmentState.WITHDRAWN:
        raise _withdrawn()
    review = _give_verdict(locked, verdict, comment, reasons, by, authority)
    move = "accept" if verdict == Verdict.ACCEPTED else "return"
    reviewed = pass_gate(row=locked, name=move, moves=TRANSITIONS, by=by, data=_told(review))
    if verdict == Verdict.ACCEPTED:
        tell_institution(reviewed, NoticeKind.ACCEPTED, INSTITUTION_ROLES, "accepted")
    else:
        tell_institution(open_next_version(reviewed), NoticeKind.RETURNED, INSTITUTION_ROLES, "opened")
    return review


def _withdrawn() -> WrongState:
    return WrongState(_("该机构已撤回该版本。您的意见未提交。"), code="withdrawn")


def _give_verdict(
    signed: Submission | SelfAssessment,
    verdict: Verdict,
    comment: str,
    reasons: Mapping[int, str],
    by: User,
    authority: Authority,
) -> Review:
    """The review with its reasons; the signed row's machine is locked by the caller, so one of two comes first."""
    target = "submission" if isinstance(signed, Submission) else "self_assessment"
    earlier = Review.objects.filter(**{target: signed}).select_related("authority").first()
    if earlier:
        raise AlreadyReviewed(earlier)
    given = _checked(verdict, reasons, requirements_signed(signed))
    review = Review.objects.create(
        **{target: signed}, authority=authority, reviewer=by, verdict=verdict, comment=comment.strip()
    )
    Remark.objects.bulk_create(Remark(review=review, requirement=r, text=text) for r, text in given)
    return review


def _checked(
    verdict: Verdict, reasons: Mapping[int, str], known: Mapping[str, Requirement]
) -> list[tuple[Requirement, str]]:
    """The reasons that say something, each for a requirement that was signed."""
    given = {pk: text.strip() for pk, text in reasons.items() if text.strip()}
    requirements = {requirement.pk: requirement for requirement in known.values()}
    if not given.keys() <= requirements.keys():
        raise ValueError("a reason is for a requirement that was not signed")
    if verdict == Verdict.RETURNED and not given:
        raise ValidationError(_("退回时，请至少对一项要求填写理由。"), code="reasons_missing")
    if verdict == Verdict.ACCEPTED and given:
        raise ValidationError(_("已填写退回理由，不能接受。请删除理由，或选择退回。"), code="reasons_given")
    return [(requirements[pk], text) for pk, text in given.items()]


def _told(review: Review) -> dict:
    return {
        "review": review.pk,
        "authority": review.authority.name,
        "comment": review.comment,
        "reasons": {reason.requirement.reference: reason.text for reason in review.reasons},
    }
