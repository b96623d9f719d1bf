"""The past day that a dashboard or a list is asked for, and what is said of one that makes no sense."""

from __future__ import annotations

import datetime

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plan.models import Plan

AT = "at"
AT_LABEL = gettext_lazy("截至（默认今天）")
DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
NO_DAY = {"invalid": gettext_lazy("请按“2026-06-30”的格式填写日期。")}


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
