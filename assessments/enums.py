"""The states of a self-assessment, the verdicts of a review, and the moves between them."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from portal.gate import Move


class CycleKind(TextChoices):
    HALF_YEAR = "half_year", _("半年度自评")
    YEAR = "year", _("年度自评")


class SelfAssessmentState(TextChoices):
    DRAFT = "draft", _("填报中")
    AWAITING_SIGNATURE = "awaiting_signature", _("待签署")
    SUBMITTED = "submitted", _("已报送")
    ACCEPTED = "accepted", _("已验收")
    RETURNED = "returned", _("已退回")


class Verdict(TextChoices):
    ACCEPTED = "accepted", _("接受")
    RETURNED = "returned", _("退回")


S = SelfAssessmentState

TRANSITIONS = {
    "hand_in": Move(frozenset({S.DRAFT}), S.AWAITING_SIGNATURE, "handed_in_at"),
    "send_back": Move(frozenset({S.AWAITING_SIGNATURE}), S.DRAFT, "sent_back_at"),
    "sign": Move(frozenset({S.AWAITING_SIGNATURE}), S.SUBMITTED, "signed_at"),
    "accept": Move(frozenset({S.SUBMITTED}), S.ACCEPTED, "reviewed_at"),
    "return": Move(frozenset({S.SUBMITTED}), S.RETURNED, "reviewed_at"),
}
