"""The rows that the pages of self-assessments and of reviews start from."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from assessments.models import SelfAssessment
from tasks.models import Submission


def visible(request: HttpRequest) -> QuerySet[SelfAssessment]:
    rows = SelfAssessment.objects.visible_to(request.user)
    return rows.select_related("cycle__plan", "institution", "signed_by")


def signed_work(request: HttpRequest, kind: str, pk: int) -> Submission | SelfAssessment:
    """What the CIO signed, as a supervisor finds it in the body acted for; `kind` is the word in the address."""
    if kind == "submissions":
        submissions = Submission.objects.visible_to(request.user, request.membership)
        related = "assignment__task__plan", "assignment__institution__region", "signed_by"
        return get_object_or_404(submissions.select_related(*related), pk=pk)
    if kind == "self-assessments":
        signed = SelfAssessment.objects.visible_to(request.user, request.membership).exclude(signed_at=None)
        return get_object_or_404(signed.select_related("cycle__plan", "institution__region", "signed_by"), pk=pk)
    raise Http404
