"""What people type in self-assessments and reviews."""

from assessments.forms.answers import AnswersForm
from assessments.forms.cycles import CycleForm
from assessments.forms.delegations import DelegationForm
from assessments.forms.presence import PresenceForm
from assessments.forms.reviews import ReviewForm
from assessments.forms.signing import SendBackForm

__all__ = ["AnswersForm", "CycleForm", "DelegationForm", "PresenceForm", "ReviewForm", "SendBackForm"]
