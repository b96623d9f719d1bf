"""What people type in self-assessments, reviews and rectifications."""

from assessments.forms.answers import AnswersForm
from assessments.forms.cases import CasesForm
from assessments.forms.cycles import CycleForm
from assessments.forms.delegations import DelegationForm
from assessments.forms.presence import PresenceForm
from assessments.forms.rectifications import AnswerForm, CloseForm, OpenForm, ReopenForm, RescheduleForm
from assessments.forms.reviews import DeclineForm, ReviewDraftForm, ReviewForm
from assessments.forms.signing import SendBackForm, WithdrawForm

__all__ = [
    "AnswerForm",
    "AnswersForm",
    "CasesForm",
    "CloseForm",
    "CycleForm",
    "DeclineForm",
    "DelegationForm",
    "OpenForm",
    "PresenceForm",
    "ReopenForm",
    "RescheduleForm",
    "ReviewDraftForm",
    "ReviewForm",
    "SendBackForm",
    "WithdrawForm",
]
