"""What a CIO types who does not sign, or takes back what was signed."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy

from assessments.forms.answers import LONGEST_TEXT


class SendBackForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("退回填报人的理由"),
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class WithdrawForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("撤回的理由"),
        help_text=gettext_lazy("记入审计日志。"),
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": gettext_lazy("请填写撤回的理由。")},
    )
