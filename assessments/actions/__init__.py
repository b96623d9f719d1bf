"""Every write on cycles, self-assessments, reviews and rectifications."""

from assessments.actions.answers import StaleAnswers, confirm_answers, save_answer, save_answers
from assessments.actions.cases import TakenAlready, assign_cases, give_back_cases, take_cases
from assessments.actions.cycles import extend_cycle, open_cycle
from assessments.actions.delegations import delegate_tasks
from assessments.actions.rectifications import (
    MovedOn,
    answer_rectification,
    close_rectification,
    open_rectification,
    reopen_rectification,
    reschedule_rectification,
)
from assessments.actions.review_drafts import AlreadyReviewed, StaleReviewDraft, save_review_draft
from assessments.actions.reviews import review_self_assessment, review_submission
from assessments.actions.scores import score_signed
from assessments.actions.second_reviews import confirm_review, decline_review, propose_review, recall_review
from assessments.actions.self_assessments import hand_in, send_back, sign
from assessments.actions.withdrawals import withdraw_self_assessment, withdraw_submission

__all__ = [
    "AlreadyReviewed",
    "MovedOn",
    "StaleAnswers",
    "StaleReviewDraft",
    "TakenAlready",
    "answer_rectification",
    "assign_cases",
    "close_rectification",
    "confirm_answers",
    "confirm_review",
    "decline_review",
    "delegate_tasks",
    "extend_cycle",
    "give_back_cases",
    "hand_in",
    "open_cycle",
    "open_rectification",
    "propose_review",
    "recall_review",
    "reopen_rectification",
    "reschedule_rectification",
    "review_self_assessment",
    "review_submission",
    "save_answer",
    "save_answers",
    "save_review_draft",
    "score_signed",
    "send_back",
    "sign",
    "take_cases",
    "withdraw_self_assessment",
    "withdraw_submission",
]
