"""A supervisor's verdict, and what it says of each requirement."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.forms import BoundField
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments.enums import Verdict
from assessments.forms.answers import LONGEST_TEXT
from plan.models import Requirement


class ReviewForm(forms.Form):
    """A verdict, an overall comment, and a reason for each requirement that is returned."""

    verdict = forms.ChoiceField(
        label=gettext_lazy("审核结论"),
        choices=Verdict.choices,
        error_messages={"required": gettext_lazy("请选择接受或退回。")},
    )
    comment = forms.CharField(
        label=gettext_lazy("总体意见"),
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, requirements: Iterable[Requirement], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reason_names = {requirement.pk: f"reason_{requirement.pk}" for requirement in requirements}
        for requirement in requirements:
            self.fields[self.reason_names[requirement.pk]] = forms.CharField(
                label=_("%(reference)s 退回理由") % {"reference": requirement.reference},
                required=False,
                max_length=LONGEST_TEXT,
                widget=forms.Textarea(attrs={"rows": 2}),
            )

    def reason_field(self, requirement: Requirement) -> BoundField:
        return self[self.reason_names[requirement.pk]]

    @property
    def reasons(self) -> dict[int, str]:
        return {pk: self.cleaned_data[name] for pk, name in self.reason_names.items()}
