"""What a reviewer writes before it is sent: saved as it is typed, and nobody else's to read."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from assessments.models import Review, ReviewDraft, SelfAssessment
from assessments.permissions import can_review_for
from assessments.remarks import RemarkGiven, to_json
from assessments.signed import target_of
from portal.accounts.access import check
from portal.accounts.models import Authority, User
from portal.gate import WrongState
from tasks.models import Submission


class StaleReviewDraft(ValidationError):
    """The draft was changed in another window of the same reviewer; `current` is how it stands now."""

    def __init__(self, current: ReviewDraft) -> None:
        super().__init__(
            _("您的草稿在另一个窗口中已有修改，本页内容未保存。请核对后再次提交，将以本页内容为准。"), code="stale"
        )
        self.current = current


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
def save_review_draft(
    *,
    signed: Submission | SelfAssessment,
    comment: str,
    remarks: Mapping[int, RemarkGiven],
    revision: int,
    by: User,
    authority: Authority,
) -> ReviewDraft:
    """Keep what was typed over the draft's `revision`, 0 for the first. No trail: a draft is no decision.

    Raises StaleReviewDraft when another window saved meanwhile, WrongState while the draft is proposed. An existing
    draft is still saved when the work no longer awaits a verdict, so that nothing typed is lost; none is begun then.
    """
    check(can_review_for(by, authority, signed.institution.pk))
    drafts = ReviewDraft.objects.select_for_update(of=("self",))
    draft, is_new = drafts.get_or_create(**target_of(signed), reviewer=by, defaults={"authority": authority})
    if is_new:
        refuse_judged(signed)
    elif draft.is_proposed:
        raise WrongState(_("您拟定的结论正在复核，不能修改。请先收回。"), code="proposed")
    elif draft.revision != revision:
        raise StaleReviewDraft(draft)
    draft.authority = authority
    draft.comment = comment
    draft.remarks = to_json(remarks)
    draft.revision = draft.revision + 1
    draft.updated_at = timezone.now()
    draft.save(update_fields=["authority", "comment", "remarks", "revision", "updated_at"])
    return draft


def refuse_judged(signed: Submission | SelfAssessment) -> None:
    """Raises AlreadyReviewed when somebody gave the verdict."""
    earlier = Review.objects.filter(**target_of(signed)).select_related("authority").first()
    if earlier:
        raise AlreadyReviewed(earlier)


def use_up_draft(signed: Submission | SelfAssessment, by: User, revision: int | None) -> None:
    """What is sent needs no draft any more. Raises StaleReviewDraft for another `revision` than the sender saw."""
    draft = ReviewDraft.objects.select_for_update(of=("self",)).filter(**target_of(signed), reviewer=by).first()
    if draft is None:
        return
    if revision is not None and draft.revision != revision:
        raise StaleReviewDraft(draft)
    draft.delete()
