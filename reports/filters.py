"""What the pages of scores are filtered by."""

from __future__ import annotations

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from assessments.filters import InstitutionFilterForm, LocalChoiceField
from assessments.models import Cycle


class ScopeFilterForm(InstitutionFilterForm):
    """One cycle over a scope, narrowed by kind and region."""

    institution = None
    cycle = LocalChoiceField(label=_("自评周期"), queryset=Cycle.objects.none(), name="local_title")
    field_order = ["cycle", "kind", "region"]

    def __init__(self, data: QueryDict, *, cycles: QuerySet[Cycle]) -> None:
        super().__init__(data)
        _offer(self, cycles)


class CycleFilterForm(forms.Form):
    """One of the cycles in which an institution has a score."""

    cycle = LocalChoiceField(label=_("自评周期"), queryset=Cycle.objects.none(), name="local_title")

    def __init__(self, data: QueryDict, *, cycles: QuerySet[Cycle]) -> None:
        super().__init__(data)
        _offer(self, cycles)

    @property
    def chosen(self) -> Cycle | None:
        """None where nothing was chosen, or something that makes no sense."""
        self.is_valid()
        return self.cleaned_data.get("cycle")


def _offer(form: forms.Form, cycles: QuerySet[Cycle]) -> None:
    """The latest comes first: it is what the page shows, and what the box says, until another is chosen."""
    form.fields["cycle"].queryset = cycles
    form.fields["cycle"].empty_label = None
