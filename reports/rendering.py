"""HTML to PDF by WeasyPrint. Only a worker imports this module: it is slow to load and slower to work."""

from __future__ import annotations

import mimetypes
from pathlib import Path

from django.contrib.staticfiles import finders
from django.core.exceptions import SuspiciousFileOperation
from weasyprint import HTML
from weasyprint.urls import URLFetcher, URLFetcherResponse

SCHEME = "static:"


class Refused(ValueError):
    """An address other than one of the project's own static files."""


class StaticFiles(URLFetcher):
    """Answers `static:css/report.css` with that file, and nothing else: reports load nothing from network or disk.

    A report that asks for anything else is not made at all.
    """

    def __init__(self) -> None:
        super().__init__(fail_on_errors=True)

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        name = url.removeprefix(SCHEME)
        if name == url:
            raise Refused(f"Reports load static files only, not {url[:80]}")
        try:
            path = Path(finders.find(name) or "")
        except SuspiciousFileOperation as error:
            raise Refused(f"Outside the static files: {url[:80]}") from error
        if not path.is_file():
            raise Refused(f"No such static file: {url[:80]}")
        content_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return URLFetcherResponse(url, path.read_bytes(), {"Content-Type": content_type})


def to_pdf(html: str) -> bytes:
    """A tagged PDF (PDF/UA-1), with fonts embedded and text that can be searched."""
    return HTML(string=html, base_url=SCHEME, url_fetcher=StaticFiles()).write_pdf(pdf_variant="pdf/ua-1")
