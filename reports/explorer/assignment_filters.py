"""Assignments as they stand, or as they stood at the end of a past day: the same filters for both."""

from __future__ import annotations

import datetime
from typing import Any

import django_filters as filters
from django import forms
from django.db.models import QuerySet

from plan.models import Plan
from tasks.filters import ScopeAssignmentFilter
from tasks.models import Assignment, AssignmentChange
from tasks.past import AT_LABEL, DAY, NO_DAY, check_at


class AsAtForm(forms.Form):
    def clean_at(self) -> datetime.date | None:
        """Without a plan chosen, no day before the first of all."""
        day = self.cleaned_data["at"]
        if day:
            check_at(day, self.cleaned_data.get("plan") or Plan.objects.order_by("starts_on").first())
        return day


class DatedAssignmentFilter(ScopeAssignmentFilter):
    order = (*ScopeAssignmentFilter.order, "at")

    at = filters.DateFilter(label=AT_LABEL, widget=DAY, error_messages=NO_DAY, method="as_it_is")

    class Meta:
        model = Assignment
        fields: list[str] = []
        form = AsAtForm

    def as_it_is(self, rows: QuerySet, name: str, value: datetime.date) -> QuerySet:
        """The day decides which rows are asked."""
        return rows


class PastAssignmentFilter(DatedAssignmentFilter):
    """Of changes, the last of each assignment by the day."""

    institution_path = "assignment__institution"
    task_path = "assignment__task"

    class Meta(DatedAssignmentFilter.Meta):
        model = AssignmentChange

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["plan"].field_name = f"{self.task_path}__plan"

    @property
    def day(self) -> datetime.date:
        return self.form.cleaned_data["at"]

    def filter_queryset(self, rows: Any) -> QuerySet:
        return super().filter_queryset(rows.last_by(self.day))
