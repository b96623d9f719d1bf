"""What people type in self-assessments and reviews."""

from assessments.forms.answers import AnswersForm
from assessments.forms.cases import CasesForm
from assessments.forms.cycles import CycleForm
from assessments.forms.reviews import ReviewForm
from assessments.forms.signing import SendBackForm

__all__ = ["AnswersForm", "CasesForm", "CycleForm", "ReviewForm", "SendBackForm"]
