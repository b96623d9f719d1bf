from __future__ import annotations

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from plan import actions
from plan.forms import ScheduleForm, TitleForm
from plan.models import Plan, Task
from plan.reminders import deviating
from portal.accounts.access import requires, signed_in
from portal.accounts.enums import Permission


@require_GET
@signed_in
def plan_list(request):
    """All plans; with only one, that one."""
    plans = list(Plan.objects.visible_to(request.user))
    if len(plans) == 1:
        return redirect(plans[0])
    return render(request, "plan/list.html", {"plans": plans})


@require_GET
@signed_in
def plan_detail(request, slug: str):
    """The plan as a table of contents."""
    plan = get_object_or_404(Plan.objects.visible_to(request.user).with_contents(), slug=slug)
    tasks = [task for theme in plan.themes.all() for task in theme.tasks.all()]
    context = {
        "plan": plan,
        "task_count": len(tasks),
        "requirement_count": sum(len(task.requirements.all()) for task in tasks),
        "working_title_count": sum(not task.title_is_official for task in tasks),
        "provisional_count": sum(any(not s.is_official for s in task.schedules.all()) for task in tasks),
        "deviating": deviating(plan),
        "may_edit": bool(request.membership and request.membership.may(Permission.MANAGE_PLAN)),
    }
    return render(request, "plan/detail.html", context)


@require_GET
@requires(Permission.MANAGE_PLAN)
def task_edit(request, slug: str, number: int):
    return _edit_page(request, _task(request, slug, number))


@require_POST
@requires(Permission.MANAGE_PLAN)
def task_title(request, slug: str, number: int):
    task = _task(request, slug, number)
    form = TitleForm(request.POST, instance=task)
    if not form.is_valid():
        return _edit_page(request, _task(request, slug, number), title_form=form)
    actions.correct_task_title(task=task, by=request.user, **form.cleaned_data)
    messages.success(request, _("任务名称已更正。"))
    return redirect(task)


@require_POST
@requires(Permission.MANAGE_PLAN)
def task_schedule(request, slug: str, number: int):
    task = _task(request, slug, number)
    form = ScheduleForm(request.POST, task=task)
    if not form.is_valid():
        return _edit_page(request, task, schedule_form=form)
    actions.set_schedule(task=task, by=request.user, **form.cleaned_data)
    messages.success(request, _("完成期限已保存。"))
    return redirect("plan:task_edit", slug, number)


def _task(request, slug: str, number: int) -> Task:
    tasks = Task.objects.visible_to(request.user).select_related("plan", "theme")
    return get_object_or_404(tasks, plan__slug=slug, number=number)


def _edit_page(
    request,
    task: Task,
    title_form: TitleForm | None = None,
    schedule_form: ScheduleForm | None = None,
):
    context = {
        "task": task,
        "schedules": task.schedules.all(),
        "title_form": title_form or TitleForm(instance=task),
        "schedule_form": schedule_form or ScheduleForm(task=task),
    }
    return render(request, "plan/task_edit.html", context)
