"""The opening of a round."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments.enums import CycleKind
from assessments.forms.answers import DateInput
from assessments.models import Cycle
from plan.models import Plan


class CycleForm(forms.ModelForm):
    """A round of self-assessment to open."""

    class Meta:
        model = Cycle
        fields = [
            "plan",
            "kind",
            "title",
            "title_en",
            "period_starts_on",
            "period_ends_on",
            "opens_on",
            "due_on",
        ]
        labels = {
            "plan": gettext_lazy("计划"),
            "kind": gettext_lazy("周期类型"),
            "title_en": gettext_lazy("英文名称"),
            "period_starts_on": gettext_lazy("评估期起"),
            "period_ends_on": gettext_lazy("评估期止"),
            "opens_on": gettext_lazy("填报开始日期"),
        }
        help_texts = {
            "title": gettext_lazy("例如：2026 年上半年自评"),
            "opens_on": gettext_lazy("当日起各机构可以填报。"),
            "due_on": gettext_lazy("当日 24 时截止；逾期仍可报送，并标为逾期。"),
        }
        widgets = {name: DateInput() for name in ["period_starts_on", "period_ends_on", "opens_on", "due_on"]}

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        plans = Plan.objects.visible_to(user)
        self.fields["plan"].queryset = plans
        self.fields["plan"].label_from_instance = lambda plan: plan.local_title
        self.fields["plan"].initial = plans.first()
        self.fields["kind"].choices = CycleKind.choices

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        self._check_order("period_starts_on", "period_ends_on", _("评估期止须晚于评估期起。"))
        self._check_order("opens_on", "due_on", _("截止日期不能早于填报开始日期。"), or_equal=True)
        return cleaned

    def _check_order(self, first: str, second: str, message: str, *, or_equal: bool = False) -> None:
        start, end = self.cleaned_data.get(first), self.cleaned_data.get(second)
        if start and end and not (end > start or (or_equal and end == start)):
            self.add_error(second, message)

    def validate_constraints(self) -> None:
        """The order of dates is checked above, field by field; a period opened twice by the action."""
