"""What has to be put right: the list of a scope or of an institution, and one of them with its course."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from assessments.models import Rectification
from portal.accounts.access import signed_in


@require_GET
@signed_in
def overview(request: HttpRequest) -> HttpResponse:
    rows = Rectification.objects.visible_to(request.user, request.membership).select_related("institution")
    return render(request, "assessments/rectifications.html", {"rows": rows[:50]})


@require_GET
@signed_in
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    rows = Rectification.objects.visible_to(request.user, request.membership).select_related("institution")
    return render(request, "assessments/rectification.html", {"rectification": get_object_or_404(rows, pk=pk)})
