"""The past day that a dashboard or a list is asked for: what is said of one that makes no sense, and how rows stood."""

from __future__ import annotations

import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plan.models import Plan
from tasks.models import Assignment

AT = "at"
AT_LABEL = gettext_lazy("截至（默认今天）")
DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
NO_DAY = {"invalid": gettext_lazy("请按“2026-06-30”的格式填写日期。")}
# What a fact tells of its assignment's times.
TIMES = ("submitted_at", "returned_at", "accepted_at")


class AsAtForm(forms.Form):
    """The filters of a list that can be asked for a past day."""

    def clean_at(self) -> datetime.date | None:
        """Without a plan chosen, no day before the first of all."""
        day = self.cleaned_data[AT]
        if day:
            check_at(day, self.cleaned_data.get("plan") or Plan.objects.order_by("starts_on").first())
        return day

    @property
    def past_day(self) -> datetime.date | None:
        self.is_valid()
        day = self.cleaned_data.get(AT)
        return day if day and day < timezone.localdate() else None

    @property
    def makes_sense(self) -> bool:
        """Instead of a day that makes none, today is shown."""
        return not self.errors.keys() - {AT}


def check_at(day: datetime.date, plan: Plan | None) -> None:
    """Today is shown instead of a day that is still to come, or on which the plan had not begun."""
    if day > timezone.localdate():
        raise forms.ValidationError(_("截至日期不能晚于今天，现显示今天的情况。"), code="future")
    check_begun(day, plan, _("现显示今天的情况。"))


def check_begun(day: datetime.date, plan: Plan | None, instead: str) -> None:
    if plan and day < plan.starts_on:
        said = _("《%(plan)s》自 %(day)s 起执行，此前没有记录，%(instead)s")
        words = {"plan": plan.local_title, "day": plan.starts_on, "instead": instead}
        raise forms.ValidationError(said % words, code="before_plan")


def as_it_was(fact: Any, day: datetime.date) -> Assignment:
    """The assignment as the last fact by the day left it, with nothing of what became of it after."""
    row = fact.assignment
    row.state, row.deadline, row.known_on = fact.to_state, fact.to_deadline, day
    for name in TIMES:
        setattr(row, name, getattr(fact, name))
    return row
