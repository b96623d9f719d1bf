"""What a CIO types who does not sign."""

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
