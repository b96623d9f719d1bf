"""The rows that the pages of self-assessments start from."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpRequest

from assessments.models import SelfAssessment


def visible(request: HttpRequest) -> QuerySet[SelfAssessment]:
    rows = SelfAssessment.objects.visible_to(request.user)
    return rows.select_related("cycle__plan", "institution", "signed_by")
