"""What people type in self-assessments and reviews."""

from assessments.forms.answers import AnswersForm
from assessments.forms.cycles import CycleForm
from assessments.forms.reviews import ReviewForm
from assessments.forms.signing import SendBackForm, WithdrawForm

__all__ = ["AnswersForm", "CycleForm", "ReviewForm", "SendBackForm", "WithdrawForm"]
