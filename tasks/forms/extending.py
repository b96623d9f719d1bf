"""How far deadlines move, and why."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.db.models import TextChoices
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.notices.enums import DayUnit
from tasks.extending.terms import MOST_DAYS, Term
from tasks.forms.requests import DateInput
from tasks.forms.work import ReasonField
from tasks.models import BulkExtension
from tasks.models.extensions import REASON_LENGTH

PREVIEW, EXTEND = "preview", "extend"


class Way(TextChoices):
    DAY = "day", gettext_lazy("延至同一天")
    CALENDAR = DayUnit.CALENDAR.value, gettext_lazy("各自延后若干自然日")
    WORKING = DayUnit.WORKING.value, gettext_lazy("各自延后若干工作日")


class ExtendForm(forms.Form):
    """`seen` is the digest of what was shown, `token` tells a second click from a second decision."""

    way = forms.ChoiceField(label=gettext_lazy("延期方式"), choices=Way, widget=forms.RadioSelect)
    until = forms.DateField(label=gettext_lazy("新期限"), required=False, widget=DateInput())
    days = forms.IntegerField(
        label=gettext_lazy("延后天数"),
        required=False,
        min_value=1,
        max_value=MOST_DAYS,
        help_text=gettext_lazy("从每项任务现在的期限算起。"),
    )
    reason = ReasonField(
        label=gettext_lazy("延期理由"),
        help_text=gettext_lazy("机构会在通知和任务页面看到此理由，并记入审计日志。"),
        missing=gettext_lazy("请填写延期理由。"),
        max_length=REASON_LENGTH,
    )
    token = forms.UUIDField(widget=forms.HiddenInput)
    seen = forms.CharField(required=False, max_length=64)
    what = forms.ChoiceField(choices=[(what, what) for what in (PREVIEW, EXTEND)])

    def __init__(self, data: Any = None) -> None:
        initial = {"way": Way.CALENDAR, "days": 30, "token": uuid.uuid4()}
        super().__init__(data, initial=initial)

    @classmethod
    def again(cls, extension: BulkExtension) -> ExtendForm:
        """What was typed for a decision that came to nothing, to be looked at and sent once more."""
        way = extension.unit or Way.DAY
        until = extension.new_deadline and extension.new_deadline.isoformat()
        typed = {"way": way, "until": until, "days": extension.days, "reason": extension.reason}
        return cls(typed | {"token": uuid.uuid4(), "what": PREVIEW})

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("way") == Way.DAY:
            if "until" not in self.errors:
                self._check_day(cleaned["until"])
        elif "days" not in self.errors and not cleaned["days"]:
            self.add_error("days", forms.ValidationError(_("请填写延后的天数。"), code="required"))
        return cleaned

    def _check_day(self, day: Any) -> None:
        if day is None:
            self.add_error("until", forms.ValidationError(_("请选择新期限。"), code="required"))
        elif day < timezone.localdate():
            self.add_error("until", forms.ValidationError(_("新期限已经过去。请选择今天或以后的日期。"), code="past"))

    @property
    def term(self) -> Term:
        wanted = self.cleaned_data
        if wanted["way"] == Way.DAY:
            return Term(until=wanted["until"])
        return Term(days=wanted["days"], unit=DayUnit(wanted["way"]))
