"""Looking at evidence: its page, its bytes, and the log of who did."""

from __future__ import annotations

import structlog
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from portal.accounts.access import requires, signed_in
from portal.accounts.enums import Permission
from portal.accounts.models import Authority
from portal.keyset import bounded_count, keyset_page
from tasks.accesses import log_request
from tasks.enums import AccessKind
from tasks.filters import AccessFilter
from tasks.forms import WalkForm
from tasks.models import Evidence, EvidenceAccess, Submission
from tasks.views.rows import visible_evidence
from tasks.walk import Walk, through_assignment, through_submission
from vault.enums import FileState, Flag
from vault.file_types import PDF
from vault.models import StoredFile
from vault.reading import reading_of
from vault.serving import is_shown_inline, serve

logger = structlog.get_logger(__name__)
ROWS_A_PAGE = 50
LATEST_ACCESSES = 5


@require_safe
@signed_in
def evidence_detail(request: HttpRequest, pk) -> HttpResponse:
    """One version, with the files beside it: those of `?submission=`, of the newest one, or of the task."""
    evidence = visible_evidence(request, pk)
    submissions = list(_submissions(request, evidence))
    submission = _asked_for(request, submissions)
    if not submission and not request.user.belongs_to(evidence.institution_id):
        submission = next(iter(submissions), None)
    if submission:
        walk = through_submission(submission, evidence, request.user, _review_query(request))
    else:
        walk = through_assignment(evidence, request.user)
    return evidence_page(request, evidence, walk, submissions)


def _asked_for(request: HttpRequest, submissions: list[Submission]) -> Submission | None:
    form = WalkForm(request.GET)
    asked = form.cleaned_data["submission"] if form.is_valid() else None
    return next((submission for submission in submissions if submission.pk == asked), None)


def _review_query(request: HttpRequest) -> str:
    """What else stands in the address is the review's: the filters of the queue one came from."""
    query = request.GET.copy()
    query.pop("submission", None)
    return query.urlencode()


def _submissions(request: HttpRequest, evidence: Evidence):
    rows = Submission.objects.visible_to(request.user).filter(evidence=evidence)
    return rows.defer("content").order_by("-number")


def evidence_page(
    request: HttpRequest, evidence: Evidence, walk: Walk, submissions: list[Submission] | None = None
) -> HttpResponse:
    """The document, what is known of it, and the way to its neighbours. Shown text is logged as a view."""
    stored = evidence.stored
    is_own = request.user.belongs_to(evidence.institution_id)
    reading = reading_of(stored)
    if reading:
        log_request(request, evidence, AccessKind.VIEWED)
    context = {
        "evidence": evidence,
        "stored": stored,
        "walk": walk,
        "is_own": is_own,
        "library_url": reverse("vault:file", args=[stored.pk]) if is_own else "",
        "preview": _preview(stored),
        "reading": reading,
        "has_scripts": Flag.SCRIPTS in stored.flags,
        "has_macros": Flag.MACROS in stored.flags,
        "deleted_for": _deleted_for(stored),
        "submissions": _submissions(request, evidence) if submissions is None else submissions,
        "versions": Evidence.objects.visible_to(request.user)
        .filter(series=evidence.series)
        .select_related("uploaded_by")
        .order_by("-version"),
        "accesses": _accesses(request).filter(evidence=evidence)[:LATEST_ACCESSES] if is_own else [],
    }
    return render(request, "tasks/evidence.html", context)


def _preview(stored: StoredFile) -> str:
    """How the browser shows the file itself: "pdf", "image", or not at all."""
    if not stored.is_clean or not is_shown_inline(stored):
        return ""
    return "pdf" if stored.content_type == PDF.content_type else "image"


def _deleted_for(stored: StoredFile) -> Authority | None:
    """The body for which the file was deleted."""
    if stored.state != FileState.DELETED:
        return None
    membership = stored.deleted_by.memberships.exclude(authority=None).select_related("authority").first()
    return membership.authority if membership else None


@require_safe
@signed_in
def evidence_file(request: HttpRequest, pk) -> HttpResponseBase:
    """The bytes. Asked again on every use, so that a right that was taken away is gone at once."""
    evidence = visible_evidence(request, pk)
    stored = evidence.stored
    if stored.state == FileState.DELETED:
        return _gone(request, evidence, status=410)
    if not stored.is_clean:
        raise Http404
    as_attachment = "download" in request.GET or not is_shown_inline(stored)
    try:
        response = serve(request, stored, name=evidence.original_name, as_attachment=as_attachment)
    except FileNotFoundError:
        logger.error("evidence_missing", stored=str(stored.pk), place=stored.place, path=stored.path)
        return _gone(request, evidence, status=500)
    if response.status_code < 400:
        log_request(request, evidence, AccessKind.DOWNLOADED if as_attachment else AccessKind.VIEWED)
    return response


def _gone(request: HttpRequest, evidence: Evidence, status: int) -> HttpResponse:
    """In place of bytes that were deleted, or that the storage has lost."""
    context = {"evidence": evidence, "stored": evidence.stored, "deleted_for": _deleted_for(evidence.stored)}
    return render(request, "tasks/evidence_gone.html", context, status=status)


@require_safe
@requires(Permission.FILL_IN, Permission.SIGN)
def access_log(request: HttpRequest) -> HttpResponse:
    """Who saw or downloaded the institution's files."""
    filterset = AccessFilter(request.GET, queryset=_accesses(request), request=request)
    found = filterset.qs if filterset.is_valid() else filterset.queryset.none()
    page = keyset_page(found, by=("-at", "-pk"), after=request.GET.get("after", ""), size=ROWS_A_PAGE)
    context = {"filterset": filterset, "page": page, "count": bounded_count(found)}
    return render(request, "tasks/access_log.html", context)


def _accesses(request: HttpRequest):
    return EvidenceAccess.objects.visible_to(request.user, acting=request.membership).select_related("user", "evidence")
