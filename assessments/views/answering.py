"""The answers to one task's requirements."""

from __future__ import annotations

import datetime

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from assessments import actions
from assessments.actions import StaleAnswers
from assessments.answers import asked_by
from assessments.content import content_to_sign
from assessments.forms import AnswersForm
from assessments.history import NOTHING, remarks_before
from assessments.models import SelfAssessment
from assessments.permissions import can_fill_in
from assessments.signed import SignedTask, read_draft
from assessments.views.finding import visible
from portal.accounts.access import requires
from portal.accounts.enums import Permission
from portal.gate import WrongState
from tasks.models import Assignment, Evidence


def _progress(self_assessment: SelfAssessment, tasks: list[SignedTask], current: int) -> list[dict]:
    """The way through the tasks, for the side of the page."""
    return [
        {
            "label": f"{task.number} {task.title}",
            "url": reverse("assessments:task", args=[self_assessment.pk, task.number]),
            "state": task.progress,
            "current": task.number == current,
        }
        for task in tasks
    ]


@requires(Permission.FILL_IN)
def task(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """The answers to one task's requirements. An error or a stale tab loses nothing that was typed."""
    self_assessment = get_object_or_404(visible(request), pk=pk)
    if not can_fill_in(request.user, self_assessment):
        raise Http404
    if not self_assessment.is_editable:
        messages.info(request, _("该版本已提交，不能再修改。"))
        return redirect(self_assessment)
    form = _form(request, self_assessment, number)
    if request.method == "POST" and form.is_valid():
        try:
            actions.save_answers(self_assessment=self_assessment, drafts=form.drafts, by=request.user)
        except StaleAnswers as stale:
            form.overwrite(stale.current)
            return _task_page(request, self_assessment, number, form, current=stale.current, status=409)
        except WrongState as error:
            messages.error(request, error.message)
            return redirect(self_assessment)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("任务 %(number)s 的自评已保存。") % {"number": number})
            return redirect(_where_to(request, self_assessment, number))
    return _task_page(request, self_assessment, number, form, status=400 if form.errors else 200)


def _form(request: HttpRequest, self_assessment: SelfAssessment, number: int) -> AnswersForm:
    requirements = list(asked_by(self_assessment).filter(task__number=number))
    if not requirements:
        raise Http404
    usable = Evidence.objects.visible_to(request.user).current().checked()
    files = usable.filter(institution=self_assessment.institution_id)
    linked = Prefetch("evidence", Evidence.objects.current())
    answers = self_assessment.answers.filter(requirement__in=requirements).select_related("updated_by")
    return AnswersForm(
        request.POST if request.method == "POST" else None,
        requirements=requirements,
        answers={answer.requirement_id: answer for answer in answers.prefetch_related(linked)},
        files=list(files.select_related("requirement__task")),
    )


def _task_page(
    request: HttpRequest,
    self_assessment: SelfAssessment,
    number: int,
    form: AnswersForm,
    current: dict | None = None,
    status: int = 200,
) -> HttpResponse:
    tasks = read_draft(self_assessment, request.user, content_to_sign(self_assessment))
    numbers = [task.number for task in tasks]
    place = numbers.index(number)
    reasons = remarks_before(self_assessment)
    saved = {r.requirement.pk: r for task in tasks for r in task.requirements}
    sections = form.sections
    context = {
        "self_assessment": self_assessment,
        "task": sections[0].requirement.task,
        "form": form,
        "sections": [
            {
                "section": section,
                "reasons": reasons.get(section.requirement.pk, NOTHING),
                "theirs": (current or {}).get(section.requirement.pk),
                "theirs_in_words": saved[section.requirement.pk],
            }
            for section in sections
        ],
        "is_stale": bool(current),
        "saved_at": _saved_at(form),
        "progress": _progress(self_assessment, tasks, number),
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
