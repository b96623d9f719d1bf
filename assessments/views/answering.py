"""The institution's pages: where the answers stand, one task's answers, handing in."""

from __future__ import annotations

import datetime

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from assessments import actions
from assessments.actions import StaleAnswers
from assessments.answers import asked_by, missing
from assessments.content import content_to_sign
from assessments.enums import SelfAssessmentState
from assessments.forms import AnswersForm
from assessments.history import reasons_before, reasons_given, versions_of
from assessments.models import SelfAssessment
from assessments.permissions import can_fill_in, can_sign
from assessments.rows import ThemeRows, themes_of
from assessments.signed import SignedTask, read_content, read_signed
from portal.accounts.access import requires, signed_in
from portal.accounts.enums import Permission
from portal.gate import WrongState
from tasks.models import Assignment, Evidence


def visible(request: HttpRequest) -> QuerySet[SelfAssessment]:
    rows = SelfAssessment.objects.visible_to(request.user)
    return rows.select_related("cycle__plan", "institution", "signed_by")


@require_GET
@signed_in
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """All answers by theme and task: the draft as it stands, or what the CIO signed."""
    self_assessment = get_object_or_404(visible(request), pk=pk)
    if not request.user.belongs_to(self_assessment.institution_id):
        return redirect("assessments:review_self_assessment", pk)
    if self_assessment.content:
        tasks = read_signed(self_assessment, request.user)
    else:
        tasks = read_content(content_to_sign(self_assessment), self_assessment.cycle.plan_id, request.user)
    versions = versions_of(self_assessment, "assessments:detail")
    review = next(version.review for version in versions if version.pk == pk)
    themes = themes_of(tasks, reasons_before(self_assessment), reasons_given(review))
    context = {
        "self_assessment": self_assessment,
        "themes": themes,
        "progress": [_theme_progress(theme) for theme in themes],
        "asked": sum(theme.total for theme in themes),
        "answered": sum(theme.complete for theme in themes),
        "lacking": missing(self_assessment) if self_assessment.is_editable else [],
        "versions": versions,
        "review": review,
        "latest": versions[0],
        "may_fill_in": self_assessment.is_editable and can_fill_in(request.user, self_assessment),
        "may_sign": self_assessment.state == SelfAssessmentState.AWAITING_SIGNATURE
        and can_sign(request.user, self_assessment),
    }
    return render(request, "assessments/detail.html", context)


def _theme_progress(theme: ThemeRows) -> dict:
    return {
        "label": f"{theme.title} {theme.complete}/{theme.total}",
        "url": f"#{theme.anchor}",
        "state": theme.progress,
        "current": False,
    }


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
    tasks = read_content(content_to_sign(self_assessment), self_assessment.cycle.plan_id, request.user)
    numbers = [task.number for task in tasks]
    place = numbers.index(number)
    reasons = reasons_before(self_assessment)
    saved = {r.requirement.pk: r for task in tasks for r in task.requirements}
    sections = form.sections
    context = {
        "self_assessment": self_assessment,
        "task": sections[0].requirement.task,
        "form": form,
        "sections": [
            {
                "section": section,
                "reasons": reasons.get(section.requirement.pk, []),
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


@requires(Permission.FILL_IN)
def hand_in(request: HttpRequest, pk: int) -> HttpResponse:
    """The decision page for handing the answers in for signature."""
    self_assessment = get_object_or_404(visible(request), pk=pk)
    if not can_fill_in(request.user, self_assessment):
        raise Http404
    if request.method == "POST":
        try:
            actions.hand_in(self_assessment=self_assessment, by=request.user)
        except ValidationError as error:
            messages.error(request, error.message)
        else:
            messages.success(request, _("自评已提交签署，等待首席信息官处理。"))
        return redirect(self_assessment)
    if not self_assessment.is_editable:
        return redirect(self_assessment)
    context = {"self_assessment": self_assessment, "lacking": missing(self_assessment)}
    return render(request, "assessments/hand_in.html", context)
