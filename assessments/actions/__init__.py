"""Every write on cycles, self-assessments, reviews and rectifications."""

from assessments.actions.answers import StaleAnswers, save_answers
from assessments.actions.cycles import extend_cycle, open_cycle
from assessments.actions.rectifications import (
    MovedOn,
    answer_rectification,
    close_rectification,
    open_rectification,
    reopen_rectification,
    reschedule_rectification,
)
from assessments.actions.reviews import AlreadyReviewed, review_self_assessment, review_submission
from assessments.actions.scores import score_signed
from assessments.actions.self_assessments import hand_in, send_back, sign

__all__ = [
    "AlreadyReviewed",
    "MovedOn",
    "StaleAnswers",
    "answer_rectification",
    "close_rectification",
    "extend_cycle",
    "hand_in",
    "open_cycle",
    "open_rectification",
    "reopen_rectification",
    "reschedule_rectification",
    "review_self_assessment",
    "review_submission",
    "save_answers",
    "score_signed",
    "send_back",
    "sign",
]
