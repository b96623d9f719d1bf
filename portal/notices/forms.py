"""What the inbox's address says."""

from django import forms


class InboxForm(forms.Form):
    unread = forms.BooleanField(required=False)
    after = forms.IntegerField(required=False, min_value=1, help_text="The last notice of the page before.")
