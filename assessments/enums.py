"""The states of self-assessments, review drafts and rectifications, and the moves between them."""

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
    WITHDRAWN = "withdrawn", _("已撤回")


class Verdict(TextChoices):
    ACCEPTED = "accepted", _("接受")
    RETURNED = "returned", _("退回")


class Lack(TextChoices):
    """What an answer still lacks."""

    VALUE = "value", _("缺评估结果")
    JUSTIFICATION = "justification", _("缺说明")
    MEASURE = "measure", _("缺整改措施")
    MEASURE_OWNER = "measure_owner", _("缺整改责任人")
    MEASURE_DUE_ON = "measure_due_on", _("缺计划完成日期")
    CONFIRMATION = "confirmation", _("沿用的内容待确认")
    REPLY = "reply", _("缺对退回理由的答复")


class ReviewDraftState(TextChoices):
    """A proposal exists only where the plan asks for a second review."""

    DRAFT = "draft", _("起草中")
    PROPOSED = "proposed", _("待复核")


class RectificationState(TextChoices):
    OPEN = "open", _("整改中")
    UNVERIFIED = "unverified", _("待核验")
    CLOSED = "closed", _("已办结")


ESCALATED_AFTER = 7  # full days overdue, from which the authority's lead supervisors are told


class StepKind(TextChoices):
    """What was done in a rectification."""

    OPENED = "opened", _("提出整改")
    ANSWERED = "answered", _("提交整改结果")
    REOPENED = "reopened", _("要求继续整改")
    CLOSED = "closed", _("核验办结")
    RESCHEDULED = "rescheduled", _("调整期限")


S = SelfAssessmentState

TRANSITIONS = {
    "hand_in": Move(frozenset({S.DRAFT}), S.AWAITING_SIGNATURE, "handed_in_at"),
    "send_back": Move(frozenset({S.AWAITING_SIGNATURE}), S.DRAFT, "sent_back_at"),
    "sign": Move(frozenset({S.AWAITING_SIGNATURE}), S.SUBMITTED, "signed_at"),
    "accept": Move(frozenset({S.SUBMITTED}), S.ACCEPTED, "reviewed_at"),
    "return": Move(frozenset({S.SUBMITTED}), S.RETURNED, "reviewed_at"),
    "withdraw": Move(frozenset({S.SUBMITTED}), S.WITHDRAWN, "withdrawn_at"),
}

D = ReviewDraftState

REVIEW_DRAFT_TRANSITIONS = {
    "propose": Move(frozenset({D.DRAFT}), D.PROPOSED, "proposed_at"),
    "recall": Move(frozenset({D.PROPOSED}), D.DRAFT, "recalled_at"),
    "decline": Move(frozenset({D.PROPOSED}), D.DRAFT, "declined_at"),
}

R = RectificationState

RECTIFICATION_TRANSITIONS = {
    "answer": Move(frozenset({R.OPEN}), R.UNVERIFIED, "answered_at"),
    "reopen": Move(frozenset({R.UNVERIFIED, R.CLOSED}), R.OPEN, "reopened_at"),
    "close": Move(frozenset({R.OPEN, R.UNVERIFIED}), R.CLOSED, "closed_at"),
}
