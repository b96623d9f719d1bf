"""Why a self-assessment has the score it has."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from assessments.content import content_to_sign
from assessments.reckoning import lines_of
from assessments.scores import SCORE_RULE, scores_of
from assessments.signed import read_content
from assessments.views.finding import visible
from plan.models import Task
from portal.accounts.access import signed_in
from tasks.enums import AssignmentState
from tasks.models import Assignment


@require_GET
@signed_in
def score(request: HttpRequest, pk: int) -> HttpResponse:
    """From the whole down to each requirement, with weights, values, and what was left out and why."""
    self_assessment = get_object_or_404(visible(request), pk=pk)
    content, plan = self_assessment.content or content_to_sign(self_assessment), self_assessment.cycle.plan_id
    themes = dict(Task.objects.filter(plan=plan).values_list("number", "theme__number"))
    scores = scores_of(content, themes)
    is_own = request.user.belongs_to(self_assessment.institution_id)
    context = {
        "self_assessment": self_assessment,
        "whole": scores.whole,
        "themes": lines_of(read_content(content, plan, request.user), scores),
        "exempt": Assignment.objects.visible_to(request.user)
        .filter(institution=self_assessment.institution_id, task__plan=plan, state=AssignmentState.NOT_APPLICABLE)
        .exclude(task__number__in=[task.number for task in scores.tasks])
        .select_related("task")
        .order_by("task__number"),
        "rule": SCORE_RULE,
        "is_own": is_own,
        "back_url": self_assessment.get_absolute_url()
        if is_own
        else reverse("assessments:review_self_assessment", args=[pk]),
    }
    return render(request, "assessments/score.html", context)
