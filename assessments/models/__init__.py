"""The judging: what an institution says of itself each cycle, and what its supervisor says of what was signed."""

from assessments.models.answers import Answer, Delegation, Score
from assessments.models.cycles import Cycle, SelfAssessment
from assessments.models.rectifications import Rectification, RectificationStep
from assessments.models.reviews import CaseOfficer, Remark, Review, ReviewDraft

__all__ = [
    "Answer",
    "CaseOfficer",
    "Cycle",
    "Delegation",
    "Rectification",
    "RectificationStep",
    "Remark",
    "Review",
    "ReviewDraft",
    "Score",
    "SelfAssessment",
]
