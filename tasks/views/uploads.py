"""Files that come in piece by piece, so that a broken connection costs one piece: the protocol tus 1.0.0.

Its specification is at tus.io; of its extensions this speaks creation, checksum and termination.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import wraps
from urllib.parse import quote

from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from portal.accounts.access import check, signed_in
from tasks import uploads
from tasks.evidence import Entry
from tasks.forms import PieceForm, UploadForm
from tasks.models import EvidenceUpload
from tasks.permissions import can_fill_in
from tasks.views.files import already_there
from tasks.views.rows import visible_assignment
from vault import parts
from vault.arrivals import clean_name

VERSION = "1.0.0"
PIECE = "application/offset+octet-stream"
CHECKSUM_MISMATCH = 460
# What a refusal's code answers with; 422 for all others.
STATUSES = {"too_large": 413, "no_room": 507}


def speaks_tus(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    @wraps(view)
    def answered(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if request.headers.get("Tus-Resumable") == VERSION:
            response = view(request, *args, **kwargs)
        else:
            response = HttpResponse(status=412, headers={"Tus-Version": VERSION})
        response["Tus-Resumable"] = VERSION
        response["Cache-Control"] = "no-store"
        return response

    return answered


@require_http_methods(["POST"])
@signed_in
@speaks_tus
def upload_begin(request: HttpRequest, pk: int, requirement: int) -> HttpResponse:
    assignment = visible_assignment(request, pk)
    check(can_fill_in(request.user, assignment))
    answered = get_object_or_404(assignment.requirements, pk=requirement)
    current = assignment.evidence.current().filter(requirement=answered)
    form = UploadForm(_announcement(request), current=current)
    if not form.is_valid():
        return _invalid(form)
    try:
        upload = uploads.begin_upload(assignment=assignment, requirement=answered, by=request.user, **form.cleaned_data)
    except ValidationError as refused:
        return _refused(refused)
    return HttpResponse(status=201, headers={"Location": reverse("tasks:upload", args=[upload.pk])})


@require_http_methods(["HEAD", "PATCH", "DELETE"])
@signed_in
@speaks_tus
def upload(request: HttpRequest, pk) -> HttpResponse:
    """How far it has come; the next piece; given up."""
    # Only what each piece needs: the last one fetches the rest.
    row = get_object_or_404(EvidenceUpload.objects.visible_to(request.user).select_related("assignment"), pk=pk)
    try:
        if request.method == "PATCH":
            return _continue(request, row)
        if request.method == "DELETE":
            uploads.give_up_upload(upload=row, by=request.user)
            return HttpResponse(status=204)
        return HttpResponse(headers={"Upload-Offset": str(uploads.arrived(row)), "Upload-Length": str(row.size)})
    except FileNotFoundError:
        return HttpResponse(status=410)


def _continue(request: HttpRequest, row: EvidenceUpload) -> HttpResponse:
    if request.content_type != PIECE:
        return HttpResponse(status=415)
    form = PieceForm({"at": request.headers.get("Upload-Offset"), "sha256": request.headers.get("Upload-Checksum")})
    if not form.is_valid():
        return _invalid(form)
    if int(request.META.get("CONTENT_LENGTH") or 0) > row.size - form.cleaned_data["at"]:
        return HttpResponse(status=413)
    try:
        length, entry = uploads.continue_upload(upload=row, piece=request, by=request.user, **form.cleaned_data)
    except parts.Busy:
        return HttpResponse(status=423)
    except parts.WrongOffset:
        return HttpResponse(status=409)
    except parts.Damaged:
        return HttpResponse(status=CHECKSUM_MISMATCH)
    except UnreadablePostError:  # the connection is cut, so nobody reads the answer
        return HttpResponse(status=400)
    except ValidationError as refused:
        return _refused(refused)
    return HttpResponse(status=204, headers={"Upload-Offset": str(length), **_note(entry)})


def _note(entry: Entry | None) -> dict[str, str]:
    """What the person should know of a file that has come in whole; percent-encoded, since headers are ASCII."""
    if not entry or entry.is_new:
        return {}
    return {"Upload-Note": quote(already_there(entry.evidence))}


def _announcement(request: HttpRequest) -> dict[str, str | None]:
    metadata = _metadata(request.headers.get("Upload-Metadata", ""))
    return {
        "name": clean_name(metadata.get("filename", "")),
        "size": request.headers.get("Upload-Length"),
        "replaces": metadata.get("replaces"),
    }


def _metadata(header: str) -> dict[str, str]:
    """Pairs of a key and base64, separated by commas. What cannot be read is left out."""
    found = {}
    for pair in header.split(","):
        key, _space, value = pair.strip().partition(" ")
        try:
            found[key] = base64.b64decode(value, validate=True).decode()
        except ValueError:
            continue
    return found


def _invalid(form: Form) -> HttpResponse:
    messages = [message for errors in form.errors.values() for message in errors]
    return JsonResponse({"error": "\n".join(messages)}, status=400)


def _refused(refused: ValidationError) -> HttpResponse:
    status = STATUSES.get(getattr(refused, "code", ""), 422)
    return JsonResponse({"error": "\n".join(refused.messages)}, status=status)
