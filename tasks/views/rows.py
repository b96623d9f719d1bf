"""The rows the views of this app open; what is not visible is a 404."""

from __future__ import annotations

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from tasks.models import Assignment, ChangeRequest, Evidence


def visible_assignment(request: HttpRequest, pk: int) -> Assignment:
    rows = Assignment.objects.visible_to(request.user).select_related(
        "task__theme", "task__plan", "institution__region"
    )
    return get_object_or_404(rows, pk=pk)


def visible_evidence(request: HttpRequest, pk) -> Evidence:
    rows = Evidence.objects.visible_to(request.user).select_related(
        "assignment", "institution", "requirement__task", "uploaded_by"
    )
    return get_object_or_404(rows, pk=pk)


def visible_request(request: HttpRequest, pk: int) -> ChangeRequest:
    rows = ChangeRequest.objects.visible_to(request.user).select_related(
        "assignment__task__plan", "assignment__institution", "requested_by", "decided_by", "authority"
    )
    return get_object_or_404(rows, pk=pk)
