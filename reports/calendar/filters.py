"""Which month the calendar shows, and what of it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments.filters import ALL, LocalChoiceField
from plan.models import Plan
from reports.calendar.days import FIRST_YEAR, LAST_YEAR, Month
from reports.calendar.entries import Wanted
from reports.calendar.enums import EntryKind


class CalendarForm(forms.Form):
    kind = forms.ChoiceField(label=gettext_lazy("类型"), required=False, choices=[("", ALL), *EntryKind.choices])
    plan = LocalChoiceField(
        label=gettext_lazy("计划"), queryset=Plan.objects.all(), to_field_name="slug", name="local_title"
    )
    open = forms.ChoiceField(
        label=gettext_lazy("完成情况"), required=False, choices=[("", ALL), ("1", gettext_lazy("未完成"))]
    )
    month = forms.CharField(label=gettext_lazy("月份"), required=False, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        if Plan.objects.order_by()[:2].count() < 2:
            del self.fields["plan"]

    def clean_month(self) -> Month | str:
        text = self.cleaned_data["month"]
        try:
            return Month.parse(text) if text else ""
        except ValueError:
            said = _("没有可以显示的月份“%(month)s”。请按“2026-11”的格式填写 %(first)s 年至 %(last)s 年之间的月份。")
            raise forms.ValidationError(
                said % {"month": text[:40], "first": FIRST_YEAR, "last": LAST_YEAR}, code="month"
            ) from None

    @property
    def chosen(self) -> dict[str, Any]:
        """What is set and makes sense; what does not leaves the rest in force."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}

    def wanted(self, month: Month, today: Any) -> Wanted:
        chosen = self.chosen
        return Wanted(
            first=month.first,
            last=month.last,
            today=today,
            kinds=(EntryKind(chosen["kind"]),) if "kind" in chosen else tuple(EntryKind),
            plan=chosen.get("plan"),
            only_open="open" in chosen,
        )
