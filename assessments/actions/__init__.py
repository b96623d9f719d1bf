"""Every write on cycles, self-assessments and reviews."""

from assessments.actions.answers import StaleAnswers, save_answers
from assessments.actions.cases import TakenAlready, assign_cases, give_back_cases, take_cases
from assessments.actions.cycles import extend_cycle, open_cycle
from assessments.actions.reviews import AlreadyReviewed, review_self_assessment, review_submission
from assessments.actions.self_assessments import hand_in, send_back, sign

__all__ = [
    "AlreadyReviewed",
    "StaleAnswers",
    "TakenAlready",
    "assign_cases",
    "extend_cycle",
    "give_back_cases",
    "hand_in",
    "open_cycle",
    "review_self_assessment",
    "review_submission",
    "save_answers",
    "send_back",
    "sign",
    "take_cases",
]
