"""Two versions of the same work side by side."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from assessments.comparing import Version, compare
from assessments.content import content_to_sign
from assessments.history import said_between
from assessments.models import SelfAssessment
from assessments.signed import plan_of, read_content
from portal.accounts.access import signed_in
from portal.accounts.models import User
from tasks.models import Submission

Signed = Submission | SelfAssessment


@require_GET
@signed_in
def compare_self_assessment(request: HttpRequest, pk: int) -> HttpResponse:
    """For the institution what it signed and its draft as it stands, for a supervisor what was signed."""
    rows = SelfAssessment.objects.visible_to(request.user).select_related("cycle__plan", "institution", "signed_by")
    chosen = get_object_or_404(rows, pk=pk)
    versions = rows.filter(cycle=chosen.cycle_id, institution=chosen.institution_id).order_by("version")
    is_own = request.user.belongs_to(chosen.institution_id)
    page = "assessments:detail" if is_own else "assessments:review_self_assessment"
    context = {
        "title": chosen.cycle.local_title,
        "institution": chosen.institution,
        "back": reverse(page, args=[chosen.pk]),
    }
    return _page(request, chosen, versions, context)


@require_GET
@signed_in
def compare_submission(request: HttpRequest, pk: int) -> HttpResponse:
    rows = Submission.objects.visible_to(request.user).select_related(
        "assignment__task", "assignment__institution", "signed_by"
    )
    chosen = get_object_or_404(rows, pk=pk)
    versions = rows.filter(assignment=chosen.assignment_id).order_by("number")
    is_own = request.user.belongs_to(chosen.institution.pk)
    review = reverse("assessments:review_submission", args=[chosen.pk])
    context = {
        "title": str(chosen.assignment.task),
        "institution": chosen.institution,
        "back": chosen.assignment.get_absolute_url() if is_own else review,
    }
    return _page(request, chosen, versions, context)


def _page(request: HttpRequest, chosen: Signed, versions: QuerySet, context: dict[str, Any]) -> HttpResponse:
    """The chosen version beside that of `?with=`, by default the one before; `?show=all` shows what stayed, too."""
    others = list(versions.exclude(pk=chosen.pk).defer("content"))
    other = _wanted(request.GET.get("with", ""), others, chosen)
    if other is None:
        messages.info(request, _("没有更早的版本可以比较。"))
        return redirect(context["back"])
    older, newer = sorted([chosen, versions.get(pk=other.pk)], key=number_of)
    tasks = compare(_read(older, request.user), _read(newer, request.user), said_between(older, newer))
    requirements = [requirement for task in tasks for requirement in task.requirements]
    shows_all = request.GET.get("show") == "all"
    context |= {
        "chosen_number": number_of(chosen),
        "other": other,
        "others": [(number_of(one), one) for one in others],
        "older": older,
        "newer": newer,
        "older_number": number_of(older),
        "newer_number": number_of(newer),
        "tasks": tasks if shows_all else [task for task in tasks if task.is_changed],
        "shows_all": shows_all,
        "shows_changed": not shows_all,
        "changed": sum(requirement.is_changed for requirement in requirements),
        "total": len(requirements),
    }
    return render(request, "assessments/compare.html", context)


def number_of(signed: Signed) -> int:
    return signed.number if isinstance(signed, Submission) else signed.version


def _wanted(text: str, others: list[Signed], chosen: Signed) -> Signed | None:
    """The version asked for; else the one before; None without either. One that is not there is 404."""
    if text:
        found = next((other for other in others if str(other.pk) == text), None)
        if found is None:
            raise Http404
        return found
    return next((other for other in reversed(others) if number_of(other) < number_of(chosen)), None)


def _read(signed: Signed, user: User) -> Version:
    content = signed.content or content_to_sign(signed)
    return Version(read_content(content, plan_of(signed), user), content)
