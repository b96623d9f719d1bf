"""Every write on cycles, self-assessments and reviews."""

from assessments.actions.answers import StaleAnswers, confirm_answers, save_answer, save_answers
from assessments.actions.cycles import extend_cycle, open_cycle
from assessments.actions.delegations import delegate_tasks
from assessments.actions.reviews import AlreadyReviewed, review_self_assessment, review_submission
from assessments.actions.self_assessments import hand_in, send_back, sign

__all__ = [
    "AlreadyReviewed",
    "StaleAnswers",
    "confirm_answers",
    "delegate_tasks",
    "extend_cycle",
    "hand_in",
    "open_cycle",
    "review_self_assessment",
    "review_submission",
    "save_answer",
    "save_answers",
    "send_back",
    "sign",
]
