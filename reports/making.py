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
from django.utils.translation import gettext as _

from portal.attempts import advance, attempt, check_mine, lock_mine
from portal.audit.canonical import Digests, digests
from portal.gate import pass_gate
from portal.notices.actions import notify
from portal.notices.enums import NoticeKind
from reports.batches.members import tally
from reports.batches.writing import write_batch
from reports.documents import Document, compose, one_moment
from reports.enums import TRANSITIONS, ReportKind, ReportStep
from reports.explorer.exporting import write_rows
from reports.ledger import write_ledger
from reports.models import Report
from reports.models.reports import report_path, workbook_path
from reports.packages.archive import measure
from reports.packages.contents import Refused, gather
from reports.packages.writing import write
from reports.permissions import has_left_scope
from reports.proof import write_proof
from reports.titles import titles, titles_of
from tasks.accesses import log_package

logger = logging.getLogger(__name__)


def render(*, report_id: UUID | str) -> None:
    """Make the report, unless it is over or another worker has it."""
    said = ["rows_done", "rows_total", "page", "pages"]
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
        ReportKind.LEDGER: partial(_make_file, write_ledger, ReportStep.FIGURES),
        ReportKind.PROOF: partial(_make_file, write_proof, ReportStep.FIGURES),
        ReportKind.EXPORT: partial(_make_file, write_rows, ReportStep.WRITING),
        ReportKind.BATCH: partial(_make_file, write_batch, ReportStep.PACKING),
    }
    return makers.get(ReportKind(report.kind), _make)


def _make(report: Report) -> None:
    from reports.rendering import to_pdf  # WeasyPrint is heavy, and no web process needs it

    report.page = report.pages = None
    advance(report, step=ReportStep.FIGURES, page=None, pages=None)
    if has_left_scope(report.requested_by, report):
        raise Refused(_("该机构已不在监管范围内，未生成报告。"))
    document = compose(report)
    advance(report, step=ReportStep.LAYOUT)
    pdf = to_pdf(document, partial(_tell_page, report))
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


def _tell_page(report: Report, page: int, pages: int | None) -> None:
    """The next heartbeat says it. Raises Superseded when the report was cancelled meanwhile."""
    check_mine(report)
    report.page, report.pages = page, pages


def _make_package(report: Report) -> None:
    """Files are copied into a temporary one, however large they are."""
    advance(report, step=ReportStep.FIGURES)
    with one_moment():
        contents = gather(report)
    advance(report, step=ReportStep.PACKING)
    with TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as file:
        write(contents, file, report.requested_at)
        advance(report, step=ReportStep.STORED)
        size, digest = measure(file)
        _store(report, File(file), size, digest, packed=contents.packed)


def _make_file(write_file: Callable[[Report, IO[bytes]], None], step: ReportStep, report: Report) -> None:
    """It is written as what it holds is read, into a temporary file; it goes to storage when it is whole."""
    advance(report, step=step)
    with TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as file:
        write_file(report, file)
        advance(report, step=ReportStep.STORED)
        size, digest = measure(file)
        _store(report, File(file), size, digest)


def _store(report: Report, file: File, size: int, digest: Digests, packed: Collection[str] = (), **issued: Any) -> None:
    """Either the row names the whole file, or there is none: of a full disk's half a file nothing stays."""
    try:
        report.file.save("report", file, save=False)
        _finish(report, size, digest, packed, issued)
    except BaseException:
        report.file.storage.delete(report_path(report))
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
        page=report.page,
        pages=report.pages,
        **issued,
    )
    if report.batch_id is None:
        _tell_reader(report)


def _tell_reader(report: Report) -> None:
    """Once for a batch, and not for each of its members."""
    notify(
        recipients=[report.requested_by],
        kind=NoticeKind.REPORT_READY,
        key=f"report:{report.pk}:{report.retries}:{report.attempts}",
        path=report.get_absolute_url(),
        institution=report.institution,
        data=titles(partial(_batch_title, report)) if report.is_batch else titles_of(report),
    )


def _batch_title(batch: Report) -> str:
    counts = tally(batch)
    if not counts.unmade:
        return _("%(kind)s（共 %(total)s 份）") % {"kind": batch.title, "total": counts.total}
    said = {"kind": batch.title, "total": counts.total, "unmade": counts.unmade}
    return _("%(kind)s（共 %(total)s 份，其中 %(unmade)s 份未生成）") % said


@transaction.atomic
def _refuse(report: Report, refusal: Refused) -> None:
    """Another attempt would find the same, so the reader is told at once."""
    lock_mine(report)
    pass_gate(row=report, name="fail", moves=TRANSITIONS, by=None, error=str(refusal), refusal=str(refusal))
