"""Files of a requirement: upload without script, replace and withdraw."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from plan.models import Requirement
from portal.accounts.access import check, signed_in
from portal.gate import WrongState
from tasks.evidence import add_evidence, withdraw_evidence
from tasks.forms import EvidenceForm
from tasks.models import Assignment, Evidence
from tasks.permissions import can_fill_in
from tasks.views.detail import ACCEPT, task_page
from tasks.views.files import already_there, files_fragment
from tasks.views.rows import visible_assignment, visible_evidence


@require_POST
@signed_in
def evidence_upload(request: HttpRequest, pk: int, requirement: int) -> HttpResponse:
    """The plain form: store the good files and say of each other one why not."""
    assignment = visible_assignment(request, pk)
    check(can_fill_in(request.user, assignment))
    answered = get_object_or_404(assignment.requirements.select_related("task"), pk=requirement)
    form = EvidenceForm(request.POST, request.FILES, requirement=answered)
    if form.is_valid():
        _store(form, assignment, answered, request)
    if form.errors:
        return task_page(request, visible_assignment(request, pk), uploads={answered.pk: form}, status=422)
    return redirect(f"{assignment.get_absolute_url()}#requirement-{answered.pk}")


def _store(
    form: EvidenceForm,
    assignment: Assignment,
    requirement: Requirement,
    request: HttpRequest,
    replaces: Evidence | None = None,
) -> None:
    for file in form.cleaned_data["file"]:
        try:
            entry = add_evidence(
                assignment=assignment, requirement=requirement, file=file, by=request.user, replaces=replaces
            )
        except WrongState as moved_on:
            messages.error(request, moved_on.messages[0])
            return
        except ValidationError as refused:
            form.add_error("file", refused)
        else:
            if not entry.is_new:
                messages.info(request, already_there(entry.evidence))


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def evidence_replace(request: HttpRequest, pk) -> HttpResponse:
    """A page of its own: one file, which becomes the next version."""
    evidence = visible_evidence(request, pk)
    assignment, requirement = visible_assignment(request, evidence.assignment_id), evidence.requirement
    check(can_fill_in(request.user, assignment))
    back = f"{assignment.get_absolute_url()}#requirement-{requirement.pk}"
    if not (assignment.is_editable and evidence.is_current):
        messages.info(request, _("“%(name)s”现在不能替换。") % {"name": evidence.original_name})
        return redirect(back)
    form = EvidenceForm(request.POST or None, request.FILES or None, requirement=requirement, is_single=True)
    if form.is_valid():
        _store(form, assignment, requirement, request, replaces=evidence)
        if not form.errors:
            return redirect(back)
    context = {
        "assignment": assignment,
        "evidence": evidence,
        "form": form,
        "back": back,
        "accept": ACCEPT,
        "max_bytes": settings.EVIDENCE_MAX_BYTES,
    }
    return render(request, "tasks/replace.html", context, status=422 if form.errors else 200)


@require_POST
@signed_in
def evidence_withdraw(request: HttpRequest, pk) -> HttpResponse:
    evidence = visible_evidence(request, pk)
    trouble = ""
    try:
        withdraw_evidence(evidence=evidence, by=request.user)
    except ValidationError as refused:
        trouble = refused.messages[0]
    if request.htmx:
        return files_fragment(request, evidence.assignment, evidence.requirement, trouble)
    if trouble:
        messages.error(request, trouble)
    return redirect(f"{evidence.assignment.get_absolute_url()}#requirement-{evidence.requirement_id}")
