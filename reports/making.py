"""Make a report, in a worker. No transaction stays open while figures are set into pages."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from tempfile import TemporaryFile
from typing import IO, Any
from uuid import UUID

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.db import transaction
from django.utils import translation

from portal.attempts import advance, attempt, lock_mine
from portal.audit.canonical import Digests, digests
from portal.gate import pass_gate
from portal.notices.actions import notify
from portal.notices.enums import NoticeKind
from reports.documents import Document, compose, one_moment
from reports.enums import TRANSITIONS, ReportKind, ReportStep
from reports.explorer.exporting import write_rows
from reports.ledger import write_ledger
from reports.models import Report
from reports.models.reports import workbook_path
from reports.packages.archive import measure
from reports.packages.contents import Refused, gather
from reports.packages.writing import write
from reports.proof import write_proof
from reports.titles import titles_of
from tasks.accesses import log_package

logger = logging.getLogger(__name__)


def render(*, report_id: UUID | str) -> None:
    """Make the report, unless it is over or another worker has it."""
    said = ["rows_done", "rows_total"]
    attempt(report_id, rows=Report.objects.all(), moves=TRANSITIONS, work=_make_or_refuse, said=said)


def _make_or_refuse(report: Report) -> None:
    with translation.override(report.language):
        try:
            _maker(report)(report)
        except Refused as refusal:
            logger.error("Report %s was refused: %s", report.pk, refusal)
            _refuse(report, refusal)


def _maker(report: Report) -> Callable[[Report], None]:
    makers = {
        ReportKind.EVIDENCE_PACKAGE: _make_package,
        ReportKind.LEDGER: partial(_make_sheets, write_ledger),
        ReportKind.PROOF: partial(_make_sheets, write_proof),
        ReportKind.EXPORT: _make_export,
    }
    return makers.get(ReportKind(report.kind), _make)


def _make(report: Report) -> None:
    from reports.rendering import to_pdf  # WeasyPrint is heavy, and no web process needs it

    advance(report, step=ReportStep.FIGURES)
    document = compose(report)
    advance(report, step=ReportStep.LAYOUT)
    pdf = to_pdf(document)
    advance(report, step=ReportStep.STORED)
    with _workbook(report, document.workbook) as fields:
        _store(report, ContentFile(pdf), len(pdf), digests(pdf), **_issued(document), **fields)


def _issued(document: Document) -> dict[str, Any]:
    """What a sealed report bears."""
    return {"code": document.seal.code, "as_at": document.as_at, "missing_characters": document.missing}


@contextmanager
def _workbook(report: Report, content: bytes) -> Iterator[dict[str, Any]]:
    """Store it, and remove it again when it does not become part of the row."""
    digest = digests(content)
    try:
        report.workbook.save("workbook", ContentFile(content), save=False)
        yield {
            "workbook": report.workbook.name,
            "workbook_size": len(content),
            "workbook_sha256": digest.sha256,
            "workbook_sm3": digest.sm3,
        }
    except BaseException:
        report.workbook.storage.delete(workbook_path(report))
        raise


def _make_package(report: Report) -> None:
    """Files are copied into a temporary one, however large they are; it goes to storage when it is whole."""
    advance(report, step=ReportStep.FIGURES)
    with one_moment():
        contents = gather(report)
    advance(report, step=ReportStep.PACKING)
    with TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as file:
        write(contents, file, report.requested_at)
        advance(report, step=ReportStep.STORED)
        size, digest = measure(file)
        _store(report, File(file), size, digest, packed=contents.packed)


def _make_sheets(write_sheets: Callable[[Report, IO[bytes]], None], report: Report) -> None:
    """Rows are written as they are read, so here a transaction stays open until the last one."""
    advance(report, step=ReportStep.FIGURES)
    with TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as file:
        write_sheets(report, file)
        advance(report, step=ReportStep.STORED)
        size, digest = measure(file)
        _store(report, File(file), size, digest)


def _make_export(report: Report) -> None:
    """As sheets are made; the heartbeat says how many rows are written so far."""
    advance(report, step=ReportStep.WRITING)
    with TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as file:
        write_rows(report, file)
        advance(report, step=ReportStep.STORED)
        size, digest = measure(file)
        _store(report, File(file), size, digest)


def _store(report: Report, file: File, size: int, digest: Digests, packed: Collection[str] = (), **issued: Any) -> None:
    report.file.save("report", file, save=False)
    try:
        _finish(report, size, digest, packed, issued)
    except BaseException:
        report.file.storage.delete(report.file.name)
        raise


@transaction.atomic
def _finish(report: Report, size: int, digest: Digests, packed: Collection[str], issued: Mapping[str, Any]) -> None:
    """`packed` are the ids of the evidence in a package: whoever asked for it has downloaded them.

    `issued` is what a sealed report bears: its code, the moment of its figures, the characters it could not print, and
    its workbook.
    """
    lock_mine(report)
    if packed:
        log_package(evidence=packed, by=report.requested_by, body=report.body.name)
    pass_gate(
        row=report,
        name="finish",
        moves=TRANSITIONS,
        by=None,
        data={**digest._asdict(), **({"files": len(packed)} if report.is_package else {})},
        file=report.file.name,
        size=size,
        sha256=digest.sha256,
        sm3=digest.sm3,
        error="",
        rows_done=report.rows_done,
        rows_total=report.rows_total,
        **issued,
    )
    notify(
        recipients=[report.requested_by],
        kind=NoticeKind.REPORT_READY,
        key=f"report:{report.pk}:{report.attempts}",
        path=report.get_absolute_url(),
        institution=report.institution,
        data=titles_of(report),
    )


@transaction.atomic
def _refuse(report: Report, refusal: Refused) -> None:
    """Another attempt would find the same, so the reader is told at once."""
    lock_mine(report)
    pass_gate(row=report, name="fail", moves=TRANSITIONS, by=None, error=str(refusal), refusal=str(refusal))
