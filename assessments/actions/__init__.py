"""Every write on cycles, self-assessments and reviews."""

from assessments.actions.answers import StaleAnswers, save_answers
from assessments.actions.cycles import extend_cycle, open_cycle
from assessments.actions.review_drafts import AlreadyReviewed, StaleReviewDraft, save_review_draft
from assessments.actions.reviews import review_self_assessment, review_submission
from assessments.actions.second_reviews import confirm_review, decline_review, propose_review, recall_review
from assessments.actions.self_assessments import hand_in, send_back, sign

__all__ = [
    "AlreadyReviewed",
    "StaleAnswers",
    "StaleReviewDraft",
    "confirm_review",
    "decline_review",
    "extend_cycle",
    "hand_in",
    "open_cycle",
    "propose_review",
    "recall_review",
    "review_self_assessment",
    "review_submission",
    "save_answers",
    "save_review_draft",
    "send_back",
    "sign",
]
