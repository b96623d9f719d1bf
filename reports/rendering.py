"""HTML to PDF by WeasyPrint. Only a worker imports this module: it is slow to load and slower to work."""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.core.exceptions import SuspiciousFileOperation
from weasyprint import HTML, Attachment
from weasyprint.document import Document
from weasyprint.urls import URLFetcher, URLFetcherResponse

from reports.attached import NAME
from reports.signing import signed

SCHEME = "static:"
DESCRIPTION = "The figures of this report"


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


def to_pdf(html: str, data: bytes) -> bytes:
    """An archival PDF (PDF/A-3a): tagged, fonts embedded, searchable, with the report's data in it, and signed."""
    attachment = Attachment(string=data.decode(), name=NAME, description=DESCRIPTION, relationship="Data")
    source = HTML(string=html, base_url=SCHEME, url_fetcher=StaticFiles())
    return signed(source.write_pdf(pdf_variant="pdf/a-3a", attachments=[attachment], finisher=_name_once))


def _name_once(_document: Document, pdf: Any) -> None:
    """WeasyPrint 70 lists each associated file twice."""
    pdf.catalog["AF"][:] = dict.fromkeys(pdf.catalog["AF"])
