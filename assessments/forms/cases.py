"""What is done with the rows ticked in the review queue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.accounts.models import User

TAKE, GIVE_BACK, ASSIGN = "take", "give_back", "assign"


class CasesForm(forms.Form):
    """`what` is the button pressed, `work` the rows; who assigns, says to whom."""

    what = forms.ChoiceField(choices=[(what, what) for what in (TAKE, GIVE_BACK, ASSIGN)])
    officer = forms.ChoiceField(label=gettext_lazy("分派给"), required=False)

    def __init__(self, *args: Any, colleagues: Sequence[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.colleagues = {str(colleague.pk): colleague for colleague in colleagues}
        named = [(pk, colleague.name) for pk, colleague in self.colleagues.items()]
        self.fields["officer"].choices = [("", gettext_lazy("选择经办人")), *named]

    @property
    def work(self) -> list[str]:
        """The rows ticked, as the queue names them."""
        return self.data.getlist("work") if self.is_bound else []

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.work:
            raise ValidationError(_("请先勾选要办理的报送。"), code="nothing")
        if cleaned.get("what") == ASSIGN and not cleaned.get("officer") and "officer" not in self.errors:
            self.add_error("officer", _("请选择经办人。"))
        return cleaned
