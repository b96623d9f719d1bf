from __future__ import annotations

from django import forms

from reports.enums import SheetFormat, Subject


class ExportForm(forms.Form):
    """Which list, as its address has it, in which format."""

    subject = forms.ChoiceField(choices=Subject.choices)
    query = forms.CharField(required=False, max_length=2000)
    format = forms.ChoiceField(choices=SheetFormat.choices)
