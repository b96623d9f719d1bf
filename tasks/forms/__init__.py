"""What people send: the work on a task and its files, requests with their decisions, 催办 and 批量延期."""

from tasks.forms.extending import ExtendForm
from tasks.forms.requests import DeclineForm, ExtensionForm, GrantExtensionForm, GrantForm, NotApplicableForm
from tasks.forms.urging import TickedForm, UrgingForm
from tasks.forms.work import (
    ChosenFilesForm,
    DeletionForm,
    EvidenceForm,
    ExemptForm,
    HoldForm,
    PieceForm,
    ReuseForm,
    SendBackForm,
    ShownFilesForm,
    SignForm,
    StatementsForm,
    UploadForm,
    WalkForm,
)

__all__ = [
    "ChosenFilesForm",
    "DeclineForm",
    "DeletionForm",
    "EvidenceForm",
    "ExemptForm",
    "ExtendForm",
    "ExtensionForm",
    "GrantExtensionForm",
    "GrantForm",
    "HoldForm",
    "NotApplicableForm",
    "PieceForm",
    "ReuseForm",
    "SendBackForm",
    "ShownFilesForm",
    "SignForm",
    "StatementsForm",
    "TickedForm",
    "UploadForm",
    "UrgingForm",
    "WalkForm",
]
