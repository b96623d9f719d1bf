"""The liaison's page that divides a self-assessment's tasks among those who fill in."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assessments import actions
from assessments.answers import asked_by
from assessments.completeness import lines_of
from assessments.division import people_who_fill_in
from assessments.forms import DelegationForm
from assessments.models import Delegation, SelfAssessment
from assessments.overview import overview_of
from assessments.permissions import can_delegate
from assessments.views.finding import visible
from plan.models import Task
from portal.accounts.access import requires
from portal.accounts.enums import Permission


@requires(Permission.MANAGE_PEOPLE)
def delegations(request: HttpRequest, pk: int) -> HttpResponse:
    """All tasks by theme, each with its progress and a choice of who writes it; saved at once."""
    self_assessment = get_object_or_404(visible(request), pk=pk)
    if not can_delegate(request.user, self_assessment):
        raise Http404
    if not self_assessment.is_editable:
        messages.info(request, _("该自评已提交，不能再分派任务。"))
        return redirect(self_assessment)
    tasks = list({requirement.task.pk: requirement.task for requirement in asked_by(self_assessment)}.values())
    form = _form(request, self_assessment, tasks)
    if request.method == "POST" and form.is_valid():
        try:
            changed = actions.delegate_tasks(self_assessment=self_assessment, holders=form.holders, by=request.user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _outcome(changed))
            return redirect("assessments:delegations", pk)
    context = {
        "self_assessment": self_assessment,
        "form": form,
        "themes": _themes(request, self_assessment, form, tasks),
    }
    return render(request, "assessments/delegations.html", context, status=400 if form.errors else 200)


def _form(request: HttpRequest, self_assessment: SelfAssessment, tasks: list[Task]) -> DelegationForm:
    given = (
        Delegation.objects.visible_to(request.user)
        .filter(cycle=self_assessment.cycle_id, institution=self_assessment.institution_id)
        .select_related("contributor")
    )
    return DelegationForm(
        request.POST if request.method == "POST" else None,
        tasks=tasks,
        people=people_who_fill_in(self_assessment),
        given={delegation.task_id: delegation for delegation in given},
    )


def _outcome(changed: int) -> str:
    if not changed:
        return _("分派没有变化。")
    return ngettext("已保存，%(count)s 个任务的填报人有变化。", "已保存，%(count)s 个任务的填报人有变化。", changed) % {
        "count": changed
    }


def _themes(
    request: HttpRequest, self_assessment: SelfAssessment, form: DelegationForm, tasks: list[Task]
) -> list[dict[str, Any]]:
    themes = overview_of(lines_of(self_assessment))
    progress = {lines.task.number: lines for theme in themes for lines in theme.tasks}
    rows = [{"task": task, "progress": progress[task.number], "field": form.field_of(task)} for task in tasks]
    return [
        {"title": theme.local_title, "rows": list(group)}
        for theme, group in groupby(rows, key=lambda row: row["task"].theme)
    ]
