"""Every shared component in every variant, with invented data: for those who build pages, and for the browser tests."""

from __future__ import annotations

from datetime import timedelta

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from portal.accounts.access import signed_in
from portal.accounts.enums import InstitutionKind
from portal.accounts.models import Institution
from portal.states import STATE_STYLES
from portal.widgets import SearchSelect
from vault.enums import FileState, Finding, Flag
from vault.models import StoredFile

THEMES = ("light", "dark")
DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


class SampleForm(forms.Form):
    title = forms.CharField(label=gettext_lazy("名称"), help_text=gettext_lazy("与正式文件一致，不超过 40 字。"))
    kind = forms.ChoiceField(label=gettext_lazy("机构类别"), choices=InstitutionKind.choices, required=False)
    day = forms.DateField(label=gettext_lazy("日期"), widget=forms.DateInput(attrs={"type": "date"}))
    level = forms.ChoiceField(
        label=gettext_lazy("是否已落实"),
        choices=[("yes", gettext_lazy("已落实")), ("no", gettext_lazy("未落实"))],
        widget=forms.RadioSelect,
    )
    statement = forms.CharField(label=gettext_lazy("说明"), widget=forms.Textarea(attrs={"rows": 3}), required=False)
    agreed = forms.BooleanField(label=gettext_lazy("内容属实"))


class SampleFilter(forms.Form):
    state = forms.ChoiceField(
        label=gettext_lazy("状态"),
        choices=[("", gettext_lazy("全部")), ("overdue", gettext_lazy("已逾期")), ("returned", gettext_lazy("已退回"))],
        required=False,
    )
    name = forms.CharField(label=gettext_lazy("机构名称"), required=False)


class SampleUpload(forms.Form):
    file = forms.FileField(label=gettext_lazy("文件"), help_text=gettext_lazy("PDF、Office 文档或图片，不超过 100 MB"))


@signed_in
@require_safe
def components(request: HttpRequest) -> HttpResponse:
    today = timezone.localdate()
    form = SampleForm(prefix="sample")
    form.fields["institution"] = _institution_field(Institution.objects.visible_to(request.user))
    query = request.GET if "state" in request.GET else {"state": "overdue", "name": "申江"}
    return render(
        request,
        "shell/components.html",
        {
            "theme": request.GET.get("theme") if request.GET.get("theme") in THEMES else "",
            "states": list(STATE_STYLES),
            "days": [today - timedelta(days=3), today, today + timedelta(days=6), today + timedelta(days=40)],
            "now": timezone.now(),
            "digest_sample": DIGEST,
            "form": form,
            "faulty": SampleForm({"faulty-title": ""}, prefix="faulty"),
            "filter": SampleFilter(query),
            "upload_form": SampleUpload(),
            "stored": _stored_files(),
            "page": Paginator(range(240), 20).get_page(request.GET.get("page", 5)),
            "rows": _rows(today),
            "parts": _parts(request.path),
            "steps": [
                (_("排队"), "done"),
                (_("汇总数据"), "done"),
                (_("排版"), "current"),
                (_("写入附件"), "waiting"),
            ],
        },
    )


def _stored_files() -> dict[str, StoredFile]:
    """Never saved: how a file looks by what the checks say."""
    return {
        "clean": StoredFile(state=FileState.CLEAN, flags=[Flag.MACROS]),
        "received": StoredFile(state=FileState.RECEIVED),
        "refused": StoredFile(state=FileState.REFUSED, finding=Finding.NESTED, finding_detail="setup.exe"),
    }


def _institution_field(rows) -> forms.ModelChoiceField:
    widget = SearchSelect("accounts:institution_options")
    return forms.ModelChoiceField(rows, widget=widget, label=_("机构"), required=False)


def _rows(today) -> list[dict]:
    titles = [
        (1, _("提升行业机构管理层对信息技术价值的认识"), "accepted", -20),
        (13, _("增强敏感数据保护能力"), "in_progress", 12),
        (9, _("推进信息系统运维精细化管理"), "returned", -3),
        (15, _("建立供应商管理和评价体系"), "not_started", 60),
    ]
    return [
        {
            "number": number,
            "title": title,
            "state": state,
            "deadline": today + timedelta(days=days),
            "is_overdue": days < 0 and state != "accepted",
            "is_done": state == "accepted",
            "files": 1200 * number,
        }
        for number, title, state, days in titles
    ]


def _parts(url: str) -> list[dict]:
    words = [_("信息技术治理"), _("建设与运行安全"), _("重点领域风险防控"), _("安全可控能力")]
    states = ["accepted", "in_progress", "returned", "not_started"]
    return [
        {"label": label, "url": url, "state": state, "current": state == "in_progress"}
        for label, state in zip(words, states, strict=True)
    ]
