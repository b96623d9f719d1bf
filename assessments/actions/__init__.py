"""Every write on cycles, self-assessments and reviews."""

from assessments.actions.answers import StaleAnswers, save_answers
from assessments.actions.cycles import extend_cycle, open_cycle
from assessments.actions.reviews import AlreadyReviewed, review_self_assessment, review_submission
from assessments.actions.self_assessments import hand_in, send_back, sign
from assessments.actions.withdrawals import withdraw_self_assessment, withdraw_submission

__all__ = [
    "AlreadyReviewed",
    "StaleAnswers",
    "extend_cycle",
    "hand_in",
    "open_cycle",
    "review_self_assessment",
    "review_submission",
    "save_answers",
    "send_back",
    "sign",
    "withdraw_self_assessment",
    "withdraw_submission",
]
