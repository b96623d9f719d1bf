"""The bytes of a checked file as an HTTP answer. Who may have them was asked before, on this very request.

From disk the portal sends them itself, or has the front server do it (`X-Accel-Redirect`). From S3 the reader
fetches them by a link that lives for a minute.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote

from django.conf import settings
from django.core.files.base import File
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header, quote_etag

from vault.enums import Flag, Place
from vault.file_types import PDF, SHOWN_INLINE
from vault.models import StoredFile
from vault.places import CHUNK_BYTES, storage_of

# What is uploaded never runs. Chromium shows no PDF in a sandbox; its viewer runs nothing of the file.
SANDBOXED = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"
PDF_POLICY = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"
LINK_SECONDS = 60
ONE_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.IGNORECASE)


class Span(NamedTuple):
    """A part of a file, in bytes. Nothing can be sent of an empty one."""

    start: int
    length: int


def is_shown_inline(stored: StoredFile) -> bool:
    """Whether a browser may show it. A PDF with scripts is for readers that are told not to run them."""
    return stored.content_type in SHOWN_INLINE and Flag.SCRIPTS not in stored.flags


def serve(request: HttpRequest, stored: StoredFile, *, name: str, as_attachment: bool) -> HttpResponseBase:
    """Answer a GET or HEAD with the content of a clean file, under that name.

    Raises FileNotFoundError when the bytes are not where they should be.
    """
    if not stored.is_clean:
        raise ValueError(f"{stored.pk} did not pass its checks.")
    disposition = content_disposition_header(as_attachment or not is_shown_inline(stored), name)
    if stored.place == Place.S3 and request.method != "HEAD":
        return _signed_link(stored, disposition)
    etag = quote_etag(stored.sha256)
    response = get_conditional_response(request, etag=etag) or _content(request, stored, etag)
    if response.status_code in (200, 206):
        response["Content-Type"] = stored.content_type
        response["Content-Disposition"] = disposition
        response["X-Content-Type-Options"] = "nosniff"
        response["Content-Security-Policy"] = PDF_POLICY if stored.content_type == PDF.content_type else SANDBOXED
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    return response


def _signed_link(stored: StoredFile, disposition: str | None) -> HttpResponse:
    """Never kept by the browser: the permission is asked for again the next time."""
    parameters = {"ResponseContentDisposition": disposition, "ResponseContentType": stored.content_type}
    storage = storage_of(stored.place)
    link = storage.url(stored.path, parameters=parameters, expire=LINK_SECONDS)  # type: ignore[call-arg]
    return HttpResponseRedirect(link, headers={"Cache-Control": "private, no-store"})


def _content(request: HttpRequest, stored: StoredFile, etag: str) -> HttpResponseBase:
    if request.method == "HEAD":
        return HttpResponse(headers={"Content-Length": str(stored.size), "Accept-Ranges": "bytes"})
    if settings.ACCEL_PREFIX:
        return HttpResponse(headers={"X-Accel-Redirect": settings.ACCEL_PREFIX + quote(stored.path)})
    span = requested_span(request, size=stored.size, etag=etag)
    if span is None:
        return _sent(stored, Span(0, stored.size))
    if not span.length:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{stored.size}"})
    response = _sent(stored, span)
    response.status_code = 206
    response["Content-Range"] = f"bytes {span.start}-{span.start + span.length - 1}/{stored.size}"
    return response


def requested_span(request: HttpRequest, *, size: int, etag: str) -> Span | None:
    """The part that is asked for; None for the whole, which also answers all but a single range (RFC 9110, 14.2)."""
    asked = ONE_RANGE.fullmatch(request.headers.get("Range", ""))
    if not asked or request.headers.get("If-Range", etag) != etag:
        return None
    first, last = asked.groups()
    if not first:
        return _suffix(last, size)
    if last and int(last) < int(first):
        return None
    stop = min(int(last) + 1 if last else size, size)
    return Span(int(first), max(0, stop - int(first)))


def _suffix(length: str, size: int) -> Span | None:
    """The last bytes of the file."""
    if not length:
        return None
    return Span(max(0, size - int(length)), min(int(length), size))


def _sent(stored: StoredFile, span: Span) -> _Sent:
    response = _Sent(_Part(stored.open(), span))
    response["Content-Length"] = str(span.length)
    response["Accept-Ranges"] = "bytes"
    return response


class _Part:
    """A span of an open file."""

    def __init__(self, file: File, span: Span) -> None:
        file.seek(span.start)
        self._file, self._left = file, span.length
        self.close = file.close

    def read(self, size: int) -> bytes:
        chunk = self._file.read(min(size, self._left))
        self._left -= len(chunk)
        return chunk


class _Sent(FileResponse):
    """Read by the megabyte. Over the loopback, to a proxy, gunicorn's sendfile was measured a fifth slower."""

    block_size = CHUNK_BYTES
