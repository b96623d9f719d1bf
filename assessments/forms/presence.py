"""What a page says of itself while it is open."""

from __future__ import annotations

import re

from django import forms
from django.core.exceptions import ValidationError

SEEN = re.compile(r"(\d{1,9}:\d{1,9})( \d{1,9}:\d{1,9})*")


class PresenceForm(forms.Form):
    """The number of the task, and the revision of each of its answers that the page shows: `12:3 13:0`."""

    task = forms.IntegerField(min_value=1, max_value=32767)
    seen = forms.CharField(max_length=4000)

    def clean_seen(self) -> dict[int, int]:
        if not SEEN.fullmatch(self.cleaned_data["seen"]):
            raise ValidationError("", code="invalid")
        pairs = (pair.split(":") for pair in self.cleaned_data["seen"].split())
        return {int(requirement): int(revision) for requirement, revision in pairs}
