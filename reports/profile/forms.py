from __future__ import annotations

from django import forms

from tasks.past import AT_LABEL, DAY, NO_DAY, AsAtForm


class ProfileForm(AsAtForm):
    at = forms.DateField(label=AT_LABEL, required=False, widget=DAY, error_messages=NO_DAY)
