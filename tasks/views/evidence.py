"""Files of a requirement: upload, withdraw, and read."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.http import require_POST, require_safe

from plan.models import Requirement
from portal.accounts.access import check, signed_in
from tasks.evidence import add_evidence, withdraw_evidence
from tasks.forms import EvidenceForm
from tasks.models import Assignment, Evidence
from tasks.permissions import can_fill_in
from tasks.views.detail import task_page
from tasks.views.rows import visible_assignment, visible_evidence
from vault.file_types import PDF, SHOWN_INLINE

# What is uploaded never runs. Chromium shows no PDF in a sandbox; its viewer runs nothing of the file.
SANDBOXED = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"
PDF_POLICY = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"


@require_POST
@signed_in
def evidence_upload(request: HttpRequest, pk: int, requirement: int) -> HttpResponse:
    """Store the good files and say of each other one why not. Answers as docs/components.md says of uploads."""
    assignment = visible_assignment(request, pk)
    check(can_fill_in(request.user, assignment))
    answered = get_object_or_404(assignment.requirements.select_related("task"), pk=requirement)
    form = EvidenceForm(request.POST, request.FILES, requirement=answered)
    if form.is_valid():
        _store(form, assignment, answered, request)
    is_script = request.headers.get("X-Requested-With") == "XMLHttpRequest"
    if form.errors and is_script:
        return JsonResponse({"error": "\n".join(form.errors["file"])}, status=422)
    if form.errors:
        return task_page(request, visible_assignment(request, pk), uploads={answered.pk: form}, status=422)
    if is_script:
        return _files(request, assignment, answered)
    return redirect(f"{assignment.get_absolute_url()}#requirement-{answered.pk}")


def _store(form: EvidenceForm, assignment: Assignment, requirement: Requirement, request: HttpRequest) -> None:
    for file in form.cleaned_data["file"]:
        try:
            add_evidence(assignment=assignment, requirement=requirement, file=file, by=request.user)
        except ValidationError as refused:
            form.add_error("file", refused)


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
        return _files(request, evidence.assignment, evidence.requirement, trouble)
    if trouble:
        messages.error(request, trouble)
    return redirect(f"{evidence.assignment.get_absolute_url()}#requirement-{evidence.requirement_id}")


def _files(request: HttpRequest, assignment: Assignment, requirement: Requirement, trouble: str = "") -> HttpResponse:
    """The requirement's files, in place of those on the page."""
    files = assignment.evidence.current().filter(requirement=requirement).select_related("uploaded_by")
    context = {
        "assignment": assignment,
        "requirement": requirement,
        "files": files,
        "may_edit": not trouble,
        "trouble": trouble,
        "is_fragment": True,
    }
    return render(request, "tasks/_files.html", context)


@require_safe
@signed_in
def evidence_file(request: HttpRequest, pk) -> HttpResponseBase:
    """The bytes. Asked again on every use, so that a right that was taken away is gone at once."""
    evidence = visible_evidence(request, pk)
    if not evidence.stored.is_clean:
        raise Http404
    etag = quote_etag(evidence.sha256)
    response = get_conditional_response(request, etag=etag)
    if response is None:
        response = _content(evidence)
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    return response


def _content(evidence: Evidence) -> FileResponse:
    is_inline = evidence.content_type in SHOWN_INLINE
    response = FileResponse(
        evidence.stored.open(),
        as_attachment=not is_inline,
        filename=evidence.original_name,
        content_type=evidence.content_type,
    )
    response["Content-Length"] = evidence.size
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = PDF_POLICY if evidence.content_type == PDF.content_type else SANDBOXED
    return response
