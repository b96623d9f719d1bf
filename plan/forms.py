from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plan.models import Task
from plan.trial import clash, described
from portal.accounts.enums import InstitutionKind
from portal.notices.enums import Addressee, DayUnit
from portal.notices.reminders.stages import MAX_OFFSET, Stage

MIN_INTERVAL = 7  # days
TRIED_YEARS = (2005, 2099)
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


class StageForm(forms.Form):
    """A stage of a reminder, in the words in which people speak of it."""

    BEFORE, AFTER = "before", "after"

    side = forms.ChoiceField(
        label=gettext_lazy("在期限之前或之后"),
        choices=[(BEFORE, gettext_lazy("期限之前，或期限当日")), (AFTER, gettext_lazy("期限之后"))],
        initial=BEFORE,
        widget=forms.RadioSelect,
    )
    days = forms.IntegerField(
        label=gettext_lazy("距期限的天数"),
        min_value=0,
        max_value=MAX_OFFSET,
        help_text=gettext_lazy(
            "0 表示期限当日，最多 400 天。落在节假日的，期限之前的提前到上一个工作日，之后的顺延到下一个。"
        ),
    )
    unit = forms.ChoiceField(label=gettext_lazy("计日方式"), choices=DayUnit, initial=DayUnit.CALENDAR)
    tell = forms.TypedMultipleChoiceField(
        label=gettext_lazy("提醒对象"),
        choices=Addressee,
        coerce=Addressee,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("请至少选择一个提醒对象，否则该阶段无人收到提醒。")},
    )
    every = forms.IntegerField(
        label=gettext_lazy("此后每隔多少天再次提醒"),
        required=False,
        min_value=MIN_INTERVAL,
        max_value=MAX_OFFSET,
        help_text=gettext_lazy("至少 7 天；留空则只提醒一次。只能用于期限之后、按自然日计的阶段。"),
        error_messages={"min_value": gettext_lazy("间隔不能少于 %(limit_value)s 天。不需要重复提醒的，请留空。")},
    )
    idle_days = forms.IntegerField(
        label=gettext_lazy("仅当最近多少天无人办理时提醒"),
        required=False,
        min_value=1,
        max_value=MAX_OFFSET,
        help_text=gettext_lazy("留空则无论是否有人办理都提醒。"),
    )

    def __init__(self, *args, others: Iterable[Stage] = (), stage: Stage | None = None, **kwargs) -> None:
        if stage:
            kwargs["initial"] = {
                "side": self.AFTER if stage.offset > 0 else self.BEFORE,
                "days": abs(stage.offset),
                "unit": stage.unit,
                "tell": [str(who) for who in stage.tell],
                "every": stage.every or None,
                "idle_days": stage.idle_days,
            }
        super().__init__(*args, **kwargs)
        self.others = others

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        is_after = cleaned.get("side") == self.AFTER
        if is_after and cleaned.get("days") == 0:
            self.add_error("days", _("期限之后的阶段至少为 1 天。期限当日请选择“期限之前，或期限当日”。"))
        if cleaned.get("every") and not is_after:
            self.add_error("every", _("只有期限之后的阶段可以重复提醒。请留空，或改为期限之后。"))
        elif cleaned.get("every") and cleaned.get("unit") == DayUnit.WORKING:
            self.add_error("every", _("重复提醒只能按自然日计。请留空，或把计日方式改为自然日。"))
        if not self.errors and (other := clash(self.others, self.stage)):
            message = _("已有同一天提醒相同对象的阶段“%(stage)s”，只有其中一个会发出。请修改天数或提醒对象。")
            self.add_error("days", message % {"stage": described(other)})
        return cleaned

    @property
    def stage(self) -> Stage:
        data = self.cleaned_data
        return Stage(
            offset=data["days"] if data["side"] == self.AFTER else -data["days"],
            unit=DayUnit(data["unit"]),
            tell=tuple(who for who in Addressee if who in data["tell"]),
            every=data["every"] or 0,
            idle_days=data["idle_days"],
        )


class TrialForm(forms.Form):
    """A deadline to try the rules on."""

    deadline = forms.DateField(
        label=gettext_lazy("假设期限"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def clean_deadline(self) -> date:
        deadline = self.cleaned_data["deadline"]
        if not TRIED_YEARS[0] <= deadline.year <= TRIED_YEARS[1]:
            first, last = TRIED_YEARS
            raise forms.ValidationError(
                _("请选择 %(first)s 年至 %(last)s 年之间的日期。") % {"first": first, "last": last}
            )
        return deadline
