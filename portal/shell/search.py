"""One search box over what a person may see: tasks, institutions and evidence, each a short list."""

from __future__ import annotations

from django import forms
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from plan.models import Task
from portal.accounts.access import signed_in
from portal.accounts.models import Institution, Membership, User
from tasks.models import Assignment, Evidence

SHOWN = 10


class SearchForm(forms.Form):
    q = forms.CharField(
        label=_("关键词"),
        max_length=100,
        help_text=_("任务的名称或序号、机构的名称或统一社会信用代码、材料的文件名或正文"),
        widget=forms.TextInput(attrs={"type": "search"}),
    )


@signed_in
@require_safe
def search(request) -> HttpResponse:
    form = SearchForm(request.GET if "q" in request.GET else None)
    found = _found(form.cleaned_data["q"], request.user, request.membership) if form.is_valid() else {}
    context = {"form": form, "found": found, "nothing": form.is_valid() and not any(found.values())}
    return render(request, "shell/search.html", context)


def _found(text: str, user: User, membership: Membership | None) -> dict[str, list]:
    """An institution finds its own assignments; a supervisor the plan's tasks, each of which many institutions have."""
    if not membership:
        return {}
    evidence = Evidence.objects.visible_to(user, acting=membership).search(text)
    found = {"evidence": list(evidence.select_related("institution").order_by("-uploaded_at")[:SHOWN])}
    if membership.is_supervising:
        tasks = Task.objects.visible_to(user).filter(_task_matches("", text)).select_related("plan")
        institutions = Institution.objects.visible_to(user, acting=membership).filter(_institution_matches(text))
        return found | {"tasks": list(tasks[:SHOWN]), "institutions": list(institutions[:SHOWN])}
    assignments = Assignment.objects.visible_to(user, acting=membership).filter(_task_matches("task__", text))
    return found | {"assignments": list(assignments.select_related("task").order_by("task__number")[:SHOWN])}


def _task_matches(path: str, text: str) -> Q:
    matches = Q(**{f"{path}title__icontains": text}) | Q(**{f"{path}title_en__icontains": text})
    return matches | Q(**{f"{path}number": int(text)}) if text.isdecimal() and len(text) < 4 else matches


def _institution_matches(text: str) -> Q:
    return (
        Q(name__icontains=text)
        | Q(short_name__icontains=text)
        | Q(name_en__icontains=text)
        | Q(credit_code__istartswith=text)
    )
