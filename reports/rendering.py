"""HTML to PDF by WeasyPrint. Only a worker imports this module: it is slow to load and slower to work."""

from __future__ import annotations

import datetime
import logging
import mimetypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.core.exceptions import SuspiciousFileOperation
from weasyprint import HTML, Attachment, Page
from weasyprint.document import Document as Pages
from weasyprint.urls import URLFetcher, URLFetcherResponse

from reports import attached, workbook
from reports.documents import Document
from reports.models.reports import XLSX
from reports.signing import signed

Tell = Callable[[int, int | None], None]
LAYOUT = logging.getLogger("weasyprint.progress")
PAGE_LAID_OUT = "Step 5 - Creating layout - Page %d"
SCHEME = "static:"
VARIANT = "pdf/a-3a"

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


def _nobody(_page: int, _pages: int | None) -> None:
    """Nobody wants to know."""


def to_pdf(document: Document, tell: Tell = _nobody) -> bytes:
    """An archival PDF (PDF/A-3a): tagged, fonts embedded, searchable, with the report's figures in it, and signed.

    `tell` is called with each page as it is laid out, when nobody knows yet how many there will be, and again with
    that number as it is written. What it raises ends the work.
    """
    source = HTML(string=document.html, base_url=SCHEME, url_fetcher=StaticFiles())
    with _listening(tell):
        pages = source.render(pdf_variant=VARIANT)
    total = len(pages.pages)
    pages.pages = [_Told(page, partial(tell, number, total)) for number, page in enumerate(pages.pages, start=1)]
    return signed(pages.write_pdf(pdf_variant=VARIANT, attachments=_attachments(document), finisher=_name_once))


@contextmanager
def _listening(tell: Tell) -> Iterator[None]:
    """WeasyPrint says where its layout is to its logger of progress, and to nobody else. Nothing of it is logged."""

    def hear(record: logging.LogRecord) -> bool:
        if str(record.msg).startswith(PAGE_LAID_OUT) and isinstance(record.args, tuple):
            tell(int(str(record.args[0])), None)
        return False

    level = LAYOUT.level
    LAYOUT.addFilter(hear)
    LAYOUT.setLevel(logging.INFO)
    try:
        yield
    finally:
        LAYOUT.setLevel(level)
        LAYOUT.removeFilter(hear)


class _Told:
    """A page that says when it is written."""

    def __init__(self, page: Page, tell: Callable[[], None]) -> None:
        self._page, self._tell = page, tell

    def __getattr__(self, name: str) -> Any:
        return getattr(self._page, name)

    def paint(self, *arguments: Any) -> None:
        self._tell()
        self._page.paint(*arguments)


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
