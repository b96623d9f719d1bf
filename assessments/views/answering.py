"""The answers to one task's requirements."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assessments import actions
from assessments.actions import StaleAnswers
from assessments.answers import asked_by
from assessments.completeness import lines_of
from assessments.division import holders_of
from assessments.forms import AnswersForm
from assessments.history import NOTHING, carried_over_from, remarks_before
from assessments.models import SelfAssessment
from assessments.overview import TaskLines, overview_of
from assessments.views.saving import answers_form, their_versions, to_fill_in, usable_files
from portal.accounts.access import requires
from portal.accounts.enums import Permission
from portal.gate import WrongState
from tasks.models import Assignment

ALL = "all"


def _progress(self_assessment: SelfAssessment, tasks: list[TaskLines], current: int) -> list[dict]:
    """The way through the tasks, for the side of the page."""
    return [
        {
            "label": f"{lines.task.number} {lines.task.local_title} {lines.complete}/{lines.total}",
            "url": reverse("assessments:task", args=[self_assessment.pk, lines.task.number]),
            "state": lines.progress,
            "current": lines.task.number == current,
        }
        for lines in tasks
    ]


@requires(Permission.FILL_IN)
def task(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """The answers to one task's requirements. An error or a stale tab loses nothing that was typed."""
    self_assessment = to_fill_in(request, pk)
    if not self_assessment.is_editable:
        messages.info(request, _("该版本已提交，不能再修改。"))
        return redirect(self_assessment)
    form = _form(request, self_assessment, number)
    if request.method == "POST" and form.is_valid():
        try:
            actions.save_answers(self_assessment=self_assessment, drafts=form.drafts, by=request.user)
            confirmed = _confirm(request, self_assessment, form)
        except StaleAnswers as stale:
            form.overwrite(stale.current)
            theirs = their_versions(self_assessment, {r.pk: r for r in form.requirements}, stale.current)
            return _task_page(request, self_assessment, number, form, theirs=theirs, status=409)
        except WrongState as error:
            messages.error(request, error.message)
            return redirect(self_assessment)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return _saved(request, self_assessment, number, confirmed)
    return _task_page(request, self_assessment, number, form, status=400 if form.errors else 200)


def _confirm(request: HttpRequest, self_assessment: SelfAssessment, form: AnswersForm) -> int | None:
    """Confirm the answers that the pressed button names; returns how many, None for another button."""
    wanted = request.POST.get("confirm")
    if not wanted:
        return None
    requirements = [r for r in form.requirements if wanted in (ALL, str(r.pk))]
    return actions.confirm_answers(self_assessment=self_assessment, requirements=requirements, by=request.user)


def _saved(request: HttpRequest, self_assessment: SelfAssessment, number: int, confirmed: int | None) -> HttpResponse:
    """Say what was done, and lead on."""
    if confirmed is None:
        messages.success(request, _("任务 %(number)s 的自评已保存。") % {"number": number})
        return redirect(_where_to(request, self_assessment, number))
    messages.success(
        request,
        ngettext("已保存，并确认沿用 %(count)s 项答案。", "已保存，并确认沿用 %(count)s 项答案。", confirmed)
        % {"count": confirmed},
    )
    wanted = request.POST["confirm"]
    place = f"#requirement-{wanted}" if wanted.isdecimal() else ""
    return redirect(reverse("assessments:task", args=[self_assessment.pk, number]) + place)


def _form(request: HttpRequest, self_assessment: SelfAssessment, number: int) -> AnswersForm:
    requirements = list(asked_by(self_assessment).filter(task__number=number))
    if not requirements:
        raise Http404
    files = usable_files(request, self_assessment).select_related("requirement__task")
    return answers_form(request, self_assessment, requirements, files)


def _task_page(
    request: HttpRequest,
    self_assessment: SelfAssessment,
    number: int,
    form: AnswersForm,
    theirs: Mapping[int, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    holders = holders_of(self_assessment, request.user)
    themes = overview_of(lines_of(self_assessment), holders=holders)
    tasks = [task for theme in themes for task in theme.tasks]
    numbers = [task.task.number for task in tasks]
    place = numbers.index(number)
    remarks = remarks_before(self_assessment)
    sections = form.sections
    carried_over = sum(answer.is_carried_over for answer in form.answers.values())
    context = {
        "self_assessment": self_assessment,
        "task": sections[0].requirement.task,
        "form": form,
        "sections": [
            {
                "section": section,
                "reasons": remarks.get(section.requirement.pk, NOTHING),
                "theirs": (theirs or {}).get(section.requirement.pk),
            }
            for section in sections
        ],
        "is_stale": bool(theirs),
        "saved_at": _saved_at(form),
        "carried_over": carried_over,
        "carried_over_from": carried_over_from(self_assessment) if carried_over else None,
        "holder": holders.get(number),
        "mine": _progress(self_assessment, [task for task in tasks if task.is_mine], number),
        "others": _progress(self_assessment, [task for task in tasks if not task.is_mine], number),
        "previous": numbers[place - 1] if place else None,
        "following": numbers[place + 1] if place + 1 < len(numbers) else None,
        "assignment": Assignment.objects.visible_to(request.user)
        .filter(
            institution=self_assessment.institution_id, task__plan=self_assessment.cycle.plan_id, task__number=number
        )
        .first(),
    }
    return render(request, "assessments/task.html", context, status=status)


def _saved_at(form: AnswersForm) -> datetime.datetime | None:
    """When what the page shows was saved; None while it shows what was typed and refused."""
    if form.is_bound:
        return None
    return max((answer.updated_at for answer in form.answers.values()), default=None)


def _where_to(request: HttpRequest, self_assessment: SelfAssessment, number: int) -> str:
    """The same page again, or the next task's; after the last task the overview."""
    if request.POST.get("then") != "next":
        return reverse("assessments:task", args=[self_assessment.pk, number])
    following = asked_by(self_assessment).filter(task__number__gt=number).values_list("task__number", flat=True).first()
    if following is None:
        return self_assessment.get_absolute_url()
    return reverse("assessments:task", args=[self_assessment.pk, following])
