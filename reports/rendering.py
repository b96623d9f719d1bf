"""HTML to PDF by WeasyPrint. Only a worker imports this module: it is slow to load and slower to work."""

from __future__ import annotations

import datetime
import mimetypes
from io import BytesIO
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.core.exceptions import SuspiciousFileOperation
from weasyprint import HTML, Attachment
from weasyprint.document import Document as Pages
from weasyprint.urls import URLFetcher, URLFetcherResponse

from reports import attached, workbook
from reports.documents import Document
from reports.models.reports import XLSX
from reports.signing import signed

SCHEME = "static:"

# Python 3.11 does not know it, and the machine need not.
mimetypes.add_type(XLSX[1], ".xlsx")


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


def to_pdf(document: Document) -> bytes:
    """An archival PDF (PDF/A-3a): tagged, fonts embedded, searchable, with the report's figures in it, and signed."""
    source = HTML(string=document.html, base_url=SCHEME, url_fetcher=StaticFiles())
    return signed(source.write_pdf(pdf_variant="pdf/a-3a", attachments=_attachments(document), finisher=_name_once))


def _attachments(document: Document) -> list[Attachment]:
    return [
        _attachment(attached.NAME, "The figures of this report", document.data, document.as_at),
        _attachment(workbook.NAME, "The tables of this report", document.workbook, document.as_at),
    ]


def _attachment(name: str, description: str, content: bytes, at: datetime.datetime) -> Attachment:
    """WeasyPrint writes times as if they were UTC, so they are."""
    made = at.astimezone(datetime.UTC)
    return Attachment(
        file_obj=BytesIO(content),
        name=name,
        description=description,
        created=made,
        modified=made,
        relationship="Data",
    )


def _name_once(_document: Pages, pdf: Any) -> None:
    """WeasyPrint 70 lists each associated file twice."""
    pdf.catalog["AF"][:] = dict.fromkeys(pdf.catalog["AF"])
