from __future__ import annotations

import datetime
from typing import Any, NamedTuple

from django import forms
from django.conf import settings
from django.forms import BoundField
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.accounts.enums import InstitutionKind
from portal.accounts.models import Authority, Region, User
from portal.widgets import CheckMenu
from reports.composing.arranging import offered
from reports.composing.markdown import MAX_LENGTH, refused
from reports.contents.kinds import CONTENTS
from reports.contents.period import PERIOD
from reports.enums import ReportKind
from reports.forms import PlanForm
from reports.models import Composition, ReportTemplate
from tasks.past import DAY, NO_DAY, check_begun

INCLUDE, ORDER, TEXT = "include-", "order-", "text-"


class MarkdownField(forms.CharField):
    """What may not be in a report is named, and stays in the field for its writer to take out."""

    def __init__(self, *, rows: int, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.Textarea(attrs={"rows": rows}))
        super().__init__(required=False, max_length=MAX_LENGTH, **kwargs)

    def to_python(self, value: Any) -> str:
        return super().to_python(value).replace("\r\n", "\n")

    def validate(self, value: str) -> None:
        super().validate(value)
        if len(value) <= MAX_LENGTH and (found := refused(value)):
            words = {"found": _("；").join(found)}
            raise forms.ValidationError(
                _("以下内容不能写入报告：%(found)s。请删去后再保存；链接只能是 http、https 或 mailto 地址。") % words,
                code="refused",
            )


class BeginForm(PlanForm):
    """Which plan, in which language, and which template to begin from."""

    template = forms.ModelChoiceField(
        label=gettext_lazy("模板"),
        queryset=ReportTemplate.objects.none(),
        required=False,
        empty_label=gettext_lazy("不用模板（全部部分，全部监管范围）"),
    )
    field_order = ["template", "plan", "language"]

    def __init__(self, *args: Any, user: User, templates: Any, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        self.fields["template"].queryset = templates


class TemplateForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("模板名称"), max_length=80, error_messages={"required": gettext_lazy("请填写模板名称。")}
    )


class RevisionForm(forms.Form):
    """Of the draft as it was read."""

    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=1)


class SectionFields(NamedTuple):
    """The fields of one section."""

    key: str
    title: str
    include: BoundField
    order: BoundField
    text: BoundField


class CompositionForm(RevisionForm):
    """Everything of a draft on one page. The sections are fields of their own, by the key of each."""

    title = forms.CharField(
        label=gettext_lazy("报告标题"),
        max_length=80,
        error_messages={"required": gettext_lazy("请填写报告标题。")},
    )
    prefix = forms.CharField(
        label=gettext_lazy("机关代字"),
        max_length=20,
        help_text=gettext_lazy("编号由机关代字、年份和序号组成，批准时确定，如“沪证监〔2026〕3号”。"),
        error_messages={"required": gettext_lazy("请填写机关代字，编号由它开头。")},
    )
    language = forms.ChoiceField(label=gettext_lazy("语言"), choices=settings.LANGUAGES)
    kinds = forms.MultipleChoiceField(
        label=gettext_lazy("机构类别"),
        choices=[],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("请至少选择一类机构。")},
    )
    regions = forms.MultipleChoiceField(label=gettext_lazy("地区"), choices=[], widget=CheckMenu, required=False)
    starts_on = forms.DateField(
        label=gettext_lazy("期间开始日期"),
        widget=DAY,
        required=False,
        help_text=gettext_lazy("填写后可印“期间变化”，与这一天之前的情况对比。"),
        error_messages=NO_DAY,
    )
    day = forms.DateField(
        label=gettext_lazy("统计截至"),
        widget=DAY,
        help_text=gettext_lazy("数据为这一天终了时的情况，最晚为昨天，批准前后不变。"),
        error_messages={**NO_DAY, "required": gettext_lazy("请填写统计截至日期。")},
    )
    opening = MarkdownField(label=gettext_lazy("综述"), rows=8, help_text=gettext_lazy("印在各部分之前；留空则不印。"))

    def __init__(self, data: QueryDict | None = None, *, composition: Composition) -> None:
        self.composition, self.authority = composition, composition.authority
        self.sections = offered(CONTENTS[ReportKind(composition.kind)])
        self.scope_regions = _regions_of(self.authority)
        super().__init__(data, initial=self._as_saved())
        self.fields["kinds"].choices = [
            (kind.value, kind.label) for kind in InstitutionKind if kind in self.authority.kinds
        ]
        self.fields["regions"].choices = [(region.code, region.local_name) for region in self.scope_regions]
        for section in self.sections:
            self.fields[INCLUDE + section.key] = forms.BooleanField(label=section.title, required=False)
            self.fields[ORDER + section.key] = forms.IntegerField(
                label=_("顺序：%(section)s") % {"section": section.title},
                min_value=1,
                max_value=99,
                required=False,
            )
            self.fields[TEXT + section.key] = MarkdownField(
                label=_("文字：%(section)s") % {"section": section.title}, rows=4
            )

    def _as_saved(self) -> dict[str, Any]:
        saved = self.composition
        names = ("title", "prefix", "language", "kinds", "starts_on", "day", "opening", "revision")
        is_whole = self._is_whole(saved.all_regions, saved.regions)
        initial = {name: getattr(saved, name) for name in names} | {"regions": [] if is_whole else saved.regions}
        left_out = [section.key for section in self.sections if section.key not in saved.sections]
        for place, key in enumerate([*saved.sections, *left_out], 1):
            initial |= {
                INCLUDE + key: key in saved.sections,
                ORDER + key: place,
                TEXT + key: saved.texts.get(key, ""),
            }
        return initial

    def _is_whole(self, all_regions: bool, regions: list[str]) -> bool:
        return all_regions or set(regions) >= {region.code for region in self.scope_regions}

    @property
    def section_fields(self) -> list[SectionFields]:
        """In the order of their numbers, as typed."""
        rows = [
            SectionFields(
                section.key,
                str(section.title),
                self[INCLUDE + section.key],
                self[ORDER + section.key],
                self[TEXT + section.key],
            )
            for section in self.sections
        ]
        return sorted(rows, key=lambda row: _place(row.order.value()))

    def clean_day(self) -> datetime.date:
        day = self.cleaned_data["day"]
        if day >= timezone.localdate():
            raise forms.ValidationError(_("统计截至日期最晚为昨天：当天的情况还会变化。"), code="not_past")
        check_begun(day, self.composition.plan, _("请选择该日或之后的日期。"))
        return day

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        if given.get("starts_on") and given.get("day") and given["starts_on"] > given["day"]:
            self.add_error("starts_on", _("期间开始日期不能晚于统计截至日期。"))
        chosen = [section.key for section in self.sections if given.get(INCLUDE + section.key)]
        if not chosen:
            self.add_error(None, _("请至少选择一个部分。"))
        if PERIOD.key in chosen and "starts_on" not in self.errors and not given.get("starts_on"):
            self.add_error("starts_on", _("印“期间变化”须填写期间开始日期，否则请不选该部分。"))
        return given

    @property
    def changes(self) -> dict[str, Any]:
        """The fields of the composition. Texts of sections that are left out are kept for another time."""
        given = self.cleaned_data
        keys = [section.key for section in self.sections]
        chosen = sorted((key for key in keys if given[INCLUDE + key]), key=lambda key: _place(given[ORDER + key]))
        names = ("title", "prefix", "language", "kinds", "starts_on", "day", "opening")
        return {name: given[name] for name in names} | {
            "sections": chosen,
            "texts": {key: given[TEXT + key] for key in keys if given[TEXT + key]},
            **self._regions(given["regions"]),
        }

    def _regions(self, chosen: list[str]) -> dict[str, Any]:
        if chosen:
            return {"all_regions": False, "regions": sorted(chosen)}
        whole = sorted(region.code for region in self.scope_regions)
        return {"all_regions": self.authority.all_regions, "regions": [] if self.authority.all_regions else whole}


def _regions_of(authority: Authority) -> list[Region]:
    return list(Region.objects.all() if authority.all_regions else authority.regions.all())


def _place(number: Any) -> int:
    """Where a section goes by the number given it; without one, or with nonsense, to the end."""
    text = str(number or "")
    return int(text) if text.isascii() and text.isdigit() else 100
