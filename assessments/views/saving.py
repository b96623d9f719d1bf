"""What a page of answers says and hears while one types: its saves, and who else is there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from assessments import actions
from assessments.actions import StaleAnswers
from assessments.answers import asked_by
from assessments.completeness import awaiting_reply, lacks_of, progress_of
from assessments.forms import AnswersForm, PresenceForm
from assessments.models import Answer, SelfAssessment
from assessments.permissions import can_fill_in
from assessments.presence import announce, others_at
from assessments.signed import read_answer
from assessments.views.finding import visible
from plan.models import Requirement
from portal.accounts.access import requires
from portal.accounts.enums import Permission
from portal.gate import WrongState
from tasks.models import Evidence


def to_fill_in(request: HttpRequest, pk: int) -> SelfAssessment:
    """The self-assessment, where the reader may write its answers."""
    self_assessment = get_object_or_404(visible(request), pk=pk)
    if not can_fill_in(request.user, self_assessment):
        raise Http404
    return self_assessment


def answers_form(
    request: HttpRequest,
    self_assessment: SelfAssessment,
    requirements: list[Requirement],
    files: Iterable[Evidence],
) -> AnswersForm:
    """The form over the saved answers of the requirements, with what was posted."""
    answers = self_assessment.answers.filter(requirement__in=requirements).select_related("updated_by")
    linked = Prefetch("evidence", Evidence.objects.current())
    return AnswersForm(
        request.POST if request.method == "POST" else None,
        requirements=requirements,
        answers={answer.requirement_id: answer for answer in answers.prefetch_related(linked)},
        files=list(files),
        measures_below=self_assessment.cycle.plan.measures_below,
        awaiting_reply=awaiting_reply(self_assessment),
    )


def usable_files(request: HttpRequest, self_assessment: SelfAssessment) -> QuerySet[Evidence]:
    """The institution's files that may be linked to an answer."""
    files = Evidence.objects.visible_to(request.user).current().checked()
    return files.filter(institution=self_assessment.institution_id)


@require_POST
@requires(Permission.FILL_IN)
def save_answer(request: HttpRequest, pk: int, requirement: int) -> HttpResponse:
    """Save one requirement's answer while it is typed; in JSON, what came of it.

    200 with the new revision; 422 with messages by field name; 409 with the version that a colleague saved meanwhile,
    or with why nothing can be saved any more.
    """
    self_assessment = to_fill_in(request, pk)
    asked = get_object_or_404(asked_by(self_assessment), pk=requirement)
    files = usable_files(request, self_assessment).filter(pk__in=_ticked(request, asked))
    form = answers_form(request, self_assessment, [asked], files)
    if not form.is_valid():
        return JsonResponse({"errors": {name: list(words) for name, words in form.errors.items()}}, status=422)
    try:
        answer = actions.save_answer(
            self_assessment=self_assessment, requirement=asked, draft=form.drafts[asked.pk], by=request.user
        )
    except StaleAnswers as stale:
        panels = their_versions(self_assessment, {asked.pk: asked}, stale.current)
        return JsonResponse({"theirs": panels[asked.pk]}, status=409)
    except WrongState as error:
        return JsonResponse({"error": error.message}, status=409)
    except ValidationError as error:
        return JsonResponse({"errors": {f"evidence_{asked.pk}": error.messages}}, status=422)
    return JsonResponse(_outcome(form, asked, answer or Answer()))


def _ticked(request: HttpRequest, requirement: Requirement) -> list[UUID]:
    """What may be ids of files; the form refuses the rest."""
    ticked = []
    for text in request.POST.getlist(f"evidence_{requirement.pk}"):
        with suppress(ValueError):
            ticked.append(UUID(text))
    return ticked


def _outcome(form: AnswersForm, requirement: Requirement, answer: Answer) -> dict[str, Any]:
    is_returned = requirement.pk in form.awaiting_reply
    lacks = lacks_of(answer, requirement, form.measures_below, is_returned=is_returned)
    progress = progress_of(answer, lacks)
    return {
        "revision": answer.revision,
        "saved_at": timezone.localtime(answer.updated_at).strftime("%H:%M"),
        "is_complete": not lacks,
        "lacking": [lack.label for lack in lacks],
        "percentage": answer.percentage,
        "standing": render_to_string("assessments/_standing.html", {"progress": progress, "lacking": lacks}),
    }


def their_versions(
    self_assessment: SelfAssessment, requirements: Mapping[int, Requirement], current: Mapping[int, Answer]
) -> dict[int, str]:
    """The answers saved by others, ready to stand beside what is being typed; each as HTML by requirement id."""
    saved = AnswersForm(
        requirements=[requirements[pk] for pk in current],
        answers=current,
        files=[],
        measures_below=self_assessment.cycle.plan.measures_below,
        awaiting_reply=awaiting_reply(self_assessment),
    )
    return {
        pk: render_to_string(
            "assessments/_theirs.html",
            {
                "saved": answer,
                "answer": read_answer(requirements[pk], answer),
                "typed": json.dumps(saved.typed(requirements[pk])),
            },
        )
        for pk, answer in current.items()
    }


@require_POST
@requires(Permission.FILL_IN)
def presence(request: HttpRequest, pk: int) -> HttpResponse:
    """Take note that the page of a task is open, and say who else is here and what they saved since.

    Nothing is written to the database.
    """
    self_assessment = to_fill_in(request, pk)
    form = PresenceForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    announce(self_assessment, request.user, form.cleaned_data["task"])
    others = [
        _("%(name)s正在填写任务 %(number)s") % {"name": other.name, "number": other.task}
        for other in others_at(self_assessment, request.user)
    ]
    newer = _newer(self_assessment, form.cleaned_data["seen"])
    return JsonResponse({"others": _("；").join(others), "newer": newer, "is_editable": self_assessment.is_editable})


def _newer(self_assessment: SelfAssessment, seen: Mapping[int, int]) -> dict[int, str]:
    """The versions of the answers that are newer than those the page shows."""
    newer = Q()
    for requirement, revision in seen.items():
        newer |= Q(requirement=requirement, revision__gt=revision)
    linked = Prefetch("evidence", Evidence.objects.current())
    rows = self_assessment.answers.filter(newer).select_related("updated_by", "requirement__task__theme")
    answers = {answer.requirement_id: answer for answer in rows.prefetch_related(linked)}
    if not answers:
        return {}
    return their_versions(self_assessment, {pk: answer.requirement for pk, answer in answers.items()}, answers)
