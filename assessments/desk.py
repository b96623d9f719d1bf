"""What one person finds on the page of signed work: their own draft, what is proposed, and what they may do."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from assessments.models import ReviewDraft
from assessments.permissions import can_decide_on, can_review_for
from assessments.proposals import Signed, confirmers, needs_second_review
from assessments.remarks import RemarkGiven
from assessments.signed import awaits_verdict, target_of
from portal.accounts.models import Membership, User


class Desk:
    """The person's place in front of the work, in the authority acted for."""

    def __init__(self, user: User, acting: Membership, signed: Signed) -> None:
        self.user, self.authority, self.signed = user, acting.authority, signed
        visible = ReviewDraft.objects.visible_to(user).filter(**target_of(signed))
        drafts = list(visible.select_related("authority", "reviewer", "declined_by"))
        self.own = next((draft for draft in drafts if draft.reviewer_id == user.pk), None)
        self.proposal = next(
            (draft for draft in drafts if draft is not self.own and draft.authority_id == acting.authority_id), None
        )
        self.is_waiting = awaits_verdict(signed)

    @cached_property
    def needs_second(self) -> bool:
        return needs_second_review(self.signed)

    @cached_property
    def may_review(self) -> bool:
        return can_review_for(self.user, self.authority, self.signed.institution.pk)

    @property
    def is_proposed(self) -> bool:
        """Whether the own draft waits for somebody else's decision, or did so until it became void."""
        return bool(self.own and self.own.is_proposed)

    @cached_property
    def may_decide(self) -> bool:
        """Confirm or decline a colleague's proposal."""
        return bool(self.is_waiting and self.proposal and can_decide_on(self.user, self.proposal))

    @property
    def may_write(self) -> bool:
        return self.is_waiting and self.may_review and not self.is_proposed and not self.proposal

    @property
    def shown(self) -> ReviewDraft | None:
        """The draft that is read on the page: a colleague's proposal, or the own draft."""
        return self.proposal or self.own

    @property
    def drafted(self) -> Mapping[int, RemarkGiven]:
        return self.shown.given if self.shown else {}

    @cached_property
    def confirmers(self) -> list[User]:
        """Who could confirm what this person proposes."""
        return list(confirmers(self.authority, self.signed.institution.pk, self.user)) if self.needs_second else []
