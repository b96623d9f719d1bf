from __future__ import annotations

from datetime import date

from django import forms
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plan.models import Task
from portal.accounts.enums import InstitutionKind

ALL_KINDS = "all"  # in the form; a blank choice would read as "not chosen"


class TitleForm(forms.ModelForm):
    class Meta:
        model = Task
        fields = ["title", "title_en"]
        help_texts = {
            "title": gettext_lazy("请与正式文件一字不差。保存后不再标为暂拟。"),
            "title_en": gettext_lazy("英文界面显示此名称；留空则显示中文名称。"),
        }


class ScheduleForm(forms.Form):
    institution_kind = forms.TypedChoiceField(
        label=gettext_lazy("适用机构"),
        choices=[(ALL_KINDS, gettext_lazy("所有未单列的机构")), *InstitutionKind.choices],
        coerce=lambda kind: "" if kind == ALL_KINDS else kind,
    )
    due_on = forms.DateField(
        label=gettext_lazy("完成期限"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    is_official = forms.BooleanField(
        label=gettext_lazy("正式期限"),
        help_text=gettext_lazy("不勾选则标为暂定。"),
        required=False,
        initial=True,
    )

    def __init__(self, *args, task: Task, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.task = task

    def clean_due_on(self) -> date:
        due_on, plan = self.cleaned_data["due_on"], self.task.plan
        if not plan.starts_on <= due_on <= plan.ends_on:
            period = {"starts_on": date_format(plan.starts_on), "ends_on": date_format(plan.ends_on)}
            raise forms.ValidationError(
                _("期限不在计划期内。请选择 %(starts_on)s 至 %(ends_on)s 之间的日期。") % period
            )
        return due_on
