"""What mail programs post."""

from __future__ import annotations

from django import forms


class OneClickForm(forms.Form):
    """What a mail program posts in its user's place (RFC 8058)."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["List-Unsubscribe"] = forms.RegexField(r"^One-Click$")
