"""What people type in self-assessments and reviews."""

from assessments.forms.answers import AnswersForm
from assessments.forms.cycles import CycleForm
from assessments.forms.reviews import DeclineForm, ReviewDraftForm, ReviewForm
from assessments.forms.signing import SendBackForm

__all__ = ["AnswersForm", "CycleForm", "DeclineForm", "ReviewDraftForm", "ReviewForm", "SendBackForm"]
