"""Opening a rectification, and the page of one: its course, and what the reader may do next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from assessments import actions
from assessments.asked import ASKED_STATES
from assessments.course import Stage, course_of
from assessments.enums import RECTIFICATION_TRANSITIONS, RectificationState
from assessments.forms import AnswerForm, CloseForm, OpenForm, ReopenForm, RescheduleForm
from assessments.forms.rectifications import MoveForm
from assessments.models import Rectification, Review
from assessments.permissions import can_answer, can_verify
from plan.enums import Level
from plan.models import Plan, Requirement
from portal.accounts.access import check, requires, signed_in
from portal.accounts.enums import Permission
from portal.accounts.models import Institution
from portal.accounts.querysets import BELONG, has_permission_on
from portal.gate import WrongState
from tasks.models import Assignment, Evidence

# In which states each form is offered; a deadline moves while the institution is at work.
OFFERED = {name: move.sources for name, move in RECTIFICATION_TRANSITIONS.items()} | {
    "reschedule": frozenset({RectificationState.OPEN})
}
ACTIONS: dict[str, Callable[..., Rectification]] = {
    "answer": actions.answer_rectification,
    "close": actions.close_rectification,
    "reopen": actions.reopen_rectification,
    "reschedule": actions.reschedule_rectification,
}


# --- Opening ----------------------------------------------------------------------------------------------


class Origin(NamedTuple):
    """What the address says of where the rectification comes from."""

    institution: Institution | None
    review: Review | None


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.REVIEW)
def open_one(request: HttpRequest) -> HttpResponse:
    """From a review (`?review=`, `?requirement=`), for an institution (`?institution=`), or for one to be chosen."""
    scope = Institution.objects.supervised_by(request.user, Permission.REVIEW, request.membership).filter(
        ~has_permission_on("pk", request.user, BELONG)
    )
    origin = _origin(request, scope)
    form = OpenForm(
        request.POST if request.method == "POST" else None,
        institution=origin.institution,
        scope=scope,
        requirements=_requirements(request, origin),
        initial=_initial(request, origin),
    )
    if request.method == "POST" and form.is_valid():
        try:
            rectification = actions.open_rectification(
                institution=origin.institution or form.cleaned_data["institution"],
                authority=request.membership.authority,
                title=form.cleaned_data["title"],
                text=form.cleaned_data["text"],
                deadline=form.cleaned_data["deadline"],
                requirement=form.requirement_chosen,
                review=origin.review,
                by=request.user,
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("已提出整改，机构人员将收到通知。"))
            return redirect(rectification)
    context = {"form": form, "origin": origin, "back": _back(origin)}
    return render(request, "assessments/open_rectification.html", context, status=400 if form.errors else 200)


def _origin(request: HttpRequest, scope: QuerySet[Institution]) -> Origin:
    """404 for what is not there, or not for this person to see."""
    if (key := _number(request, "review")) is not None:
        rows = Review.objects.visible_to(request.user, request.membership)
        rows = rows.select_related("submission__assignment__task", "self_assessment__cycle", "authority")
        review = get_object_or_404(rows, pk=key)
        institution = (review.submission or review.self_assessment).institution
        return Origin(get_object_or_404(scope, pk=institution.pk), review)
    if (key := _number(request, "institution")) is not None:
        return Origin(get_object_or_404(scope, pk=key), None)
    return Origin(None, None)


def _number(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Http404
    return int(text)


def _requirements(request: HttpRequest, origin: Origin) -> QuerySet[Requirement]:
    """Those of the institution's tasks; without an institution, all that institutions can be asked for."""
    rows = Requirement.objects.filter(task__plan__in=Plan.objects.visible_to(request.user))
    if origin.institution:
        own = Assignment.objects.filter(institution=origin.institution, state__in=ASKED_STATES, task=OuterRef("task"))
        rows = rows.filter(Exists(own))
    else:
        rows = rows.filter(level=Level.INSTITUTION)
    return rows.select_related("task").order_by("task__plan__starts_on", "task__number", "number")


def _initial(request: HttpRequest, origin: Origin) -> dict[str, Any]:
    """The requirement, and what the review said of it."""
    requirement = _number(request, "requirement")
    if not requirement:
        return {}
    remark = origin.review.remarks.filter(requirement=requirement).first() if origin.review else None
    return {"requirement": requirement, "text": remark.text if remark else ""}


def _back(origin: Origin) -> str:
    if origin.review:
        return review_url(origin.review, is_supervising=True)
    if origin.institution:
        return origin.institution.get_absolute_url()
    return reverse("assessments:rectifications")


def review_url(review: Review, *, is_supervising: bool) -> str:
    """Where the reader finds what was reviewed, with the verdict."""
    if review.submission:
        if is_supervising:
            return reverse("assessments:review_submission", args=[review.submission.pk])
        return review.submission.assignment.get_absolute_url()
    if is_supervising:
        return reverse("assessments:review_self_assessment", args=[review.self_assessment.pk])
    return review.self_assessment.get_absolute_url()


# --- One of them ------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Reading is for everybody who sees the institution; a POST is the move that its `move` names."""
    rectification = _find(request, pk)
    if request.method == "POST":
        return _make_move(request, rectification)
    return _page(request, rectification, course_of(rectification))


def _find(request: HttpRequest, pk: int) -> Rectification:
    rows = Rectification.objects.visible_to(request.user).select_related(
        "institution",
        "authority",
        "requirement__task",
        "opened_by",
        "review__submission__assignment__task",
        "review__self_assessment__cycle",
    )
    return get_object_or_404(rows.defer("review__submission__content", "review__self_assessment__content"), pk=pk)


def _make_move(request: HttpRequest, rectification: Rectification) -> HttpResponse:
    """What is refused loses nothing that was typed: it stays in the form, or is shown where no form fits any more."""
    name = request.POST.get("move", "")
    if name not in ACTIONS:
        raise Http404
    check(can_answer(request.user, rectification) if name == "answer" else can_verify(request.user, rectification))
    form, status = _form(name, request, rectification, 0, request.POST), 400
    if form.is_valid():
        try:
            ACTIONS[name](rectification=rectification, by=request.user, **form.cleaned_data)
        except WrongState as error:
            form.add_error(None, error)
            rectification, status = _find(request, rectification.pk), 409
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _done(name))
            return redirect(rectification)
    stages = course_of(rectification)
    if status == 409:
        form.look_again(stages[-1].step.pk)
    return _page(request, rectification, stages, form, status)


def _done(name: str) -> str:
    return {
        "answer": _("整改结果已提交，等待监管单位核验。"),
        "close": _("整改已办结，机构人员将收到通知。"),
        "reopen": _("已要求继续整改，机构人员将收到通知。"),
        "reschedule": _("整改期限已调整，机构人员将收到通知。"),
    }[name]


def _form(name: str, request: HttpRequest, rectification: Rectification, seen: int, data: Any = None) -> MoveForm:
    if name == "answer":
        files = Evidence.objects.visible_to(request.user).current().checked()
        uploads = list(
            files.filter(institution=rectification.institution_id)
            .select_related("requirement__task")
            .order_by("requirement__task__number", "requirement__number", "-uploaded_at")
        )
        return AnswerForm(data, seen=seen, uploads=uploads, requirement=rectification.requirement)
    if name == "close":
        return CloseForm(data, seen=seen, needs_reason=rectification.state == RectificationState.OPEN)
    return {"reopen": ReopenForm, "reschedule": RescheduleForm}[name](data, seen=seen)


def _page(
    request: HttpRequest,
    rectification: Rectification,
    stages: list[Stage],
    tried: MoveForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The course, and a form for each move that this person may make now; `tried` is the one that was refused."""
    may = {"answer": can_answer(request.user, rectification)}
    may |= dict.fromkeys(("close", "reopen", "reschedule"), can_verify(request.user, rectification))
    offered = [name for name in ACTIONS if may[name] and rectification.state in OFFERED[name]]
    seen = stages[-1].step.pk
    forms = {
        name: tried if tried and tried.move == name else _form(name, request, rectification, seen) for name in offered
    }
    is_supervising = bool(request.membership and request.membership.is_supervising)
    review = rectification.review
    context = {
        "rectification": rectification,
        "stages": stages,
        "old_deadlines": [stage.old_deadline for stage in stages if stage.old_deadline],
        "forms": forms,
        "tried": tried,
        "unsent": tried if tried and tried.move not in forms else None,
        "review_url": review_url(review, is_supervising=is_supervising) if review else "",
        "assignment": _assignment(request, rectification),
        "is_supervising": is_supervising,
    }
    return render(request, "assessments/rectification.html", context, status=status)


def _assignment(request: HttpRequest, rectification: Rectification) -> Assignment | None:
    """Where the requirement's work is done."""
    if not rectification.requirement:
        return None
    rows = Assignment.objects.visible_to(request.user)
    return rows.filter(institution=rectification.institution_id, task=rectification.requirement.task_id).first()
