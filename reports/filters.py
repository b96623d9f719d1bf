"""What the pages of scores are filtered by."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from assessments.filters import InstitutionFilterForm, LocalChoiceField
from assessments.models import Cycle


class ScopeFilterForm(InstitutionFilterForm):
    """One cycle over a scope, narrowed by kind and region."""

    institution = None
    cycle = LocalChoiceField(label=_("自评周期"), queryset=Cycle.objects.all(), name="local_title")
    field_order = ["cycle", "kind", "region"]


class CycleFilterForm(forms.Form):
    """One of the cycles in which an institution has a score."""

    cycle = LocalChoiceField(label=_("自评周期"), queryset=Cycle.objects.none(), name="local_title")

    def __init__(self, *args: Any, cycles: QuerySet[Cycle], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["cycle"].queryset = cycles

    @property
    def chosen(self) -> Cycle | None:
        """None where nothing, or nothing that makes sense, was chosen."""
        self.is_valid()
        return self.cleaned_data.get("cycle")
