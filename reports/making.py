"""Make a report, in a worker.

A worker takes a report by locking its row and counting an attempt. The number of the attempt is its proof
that the report is still its own: a worker that was taken for dead and comes back late changes nothing.
No transaction stays open while figures are set into pages.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from functools import partial
from tempfile import TemporaryFile
from typing import IO
from uuid import UUID

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.db import transaction
from django.utils import timezone, translation

from portal.audit.canonical import Digests, digests
from portal.gate import pass_gate
from portal.notices.actions import notify
from portal.notices.enums import NoticeKind
from reports.documents import compose, one_moment
from reports.enums import TRANSITIONS, ReportKind, ReportState, ReportStep
from reports.explorer.exporting import write_rows
from reports.heartbeat import beating
from reports.ledger import write_ledger
from reports.models import Report
from reports.packages.archive import measure
from reports.packages.contents import Refused, gather
from reports.packages.writing import write
from reports.proof import write_proof
from tasks.accesses import log_package

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 3


class Superseded(Exception):
    """Another worker has the report by now, or it is over."""


def render(*, report_id: UUID | str) -> None:
    """Make the report, unless it is over or another worker has it. A failed attempt leaves it to the beat."""
    report = _take(report_id)
    if report is None:
        return
    try:
        with beating(report), translation.override(report.language):
            _maker(report)(report)
    except Superseded:
        logger.warning("Report %s went to another worker.", report.pk)
    except Refused as refusal:
        logger.error("Report %s was refused: %s", report.pk, refusal)
        _refuse(report, refusal)
    except Exception as error:
        logger.exception("Report %s could not be made.", report.pk)
        _give_up(report, error)


@transaction.atomic
def _take(report_id: UUID | str) -> Report | None:
    free = Report.objects.free(timezone.now()).filter(pk=report_id)
    report = free.select_for_update(of=("self",), skip_locked=True).first()
    if report is None:
        return None
    if report.attempts >= MAX_ATTEMPTS:
        pass_gate(row=report, name="fail", moves=TRANSITIONS, by=None, error=report.error or "The worker died.")
        return None
    return pass_gate(row=report, name="take", moves=TRANSITIONS, by=None, attempts=report.attempts + 1)


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

    _advance(report, ReportStep.FIGURES)
    html = compose(report)
    _advance(report, ReportStep.LAYOUT)
    pdf = to_pdf(html)
    _advance(report, ReportStep.STORED)
    _store(report, ContentFile(pdf), len(pdf), digests(pdf))


def _make_package(report: Report) -> None:
    """Files are copied into a temporary one, however large they are; it goes to storage when it is whole."""
    _advance(report, ReportStep.FIGURES)
    with one_moment():
        contents = gather(report)
    _advance(report, ReportStep.PACKING)
    with TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as file:
        write(contents, file, report.requested_at)
        _advance(report, ReportStep.STORED)
        size, digest = measure(file)
        _store(report, File(file), size, digest, packed=contents.packed)


def _make_sheets(write_sheets: Callable[[Report, IO[bytes]], None], report: Report) -> None:
    """Rows are written as they are read, so here a transaction stays open until the last one."""
    _advance(report, ReportStep.FIGURES)
    with TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as file:
        write_sheets(report, file)
        _advance(report, ReportStep.STORED)
        size, digest = measure(file)
        _store(report, File(file), size, digest)


def _make_export(report: Report) -> None:
    """As sheets are made; the heartbeat says how many rows are written so far."""
    _advance(report, ReportStep.WRITING)
    with TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as file:
        write_rows(report, file)
        _advance(report, ReportStep.STORED)
        size, digest = measure(file)
        _store(report, File(file), size, digest)


def _store(report: Report, file: File, size: int, digest: Digests, packed: Collection[str] = ()) -> None:
    report.file.save("report", file, save=False)
    try:
        _finish(report, size, digest, packed)
    except BaseException:
        report.file.storage.delete(report.file.name)
        raise


def _advance(report: Report, step: ReportStep) -> None:
    """Say where the work is: committed at once, as the page shows it."""
    mine = Report.objects.filter(pk=report.pk, state=ReportState.RENDERING, attempts=report.attempts)
    if not mine.update(step=step, heartbeat_at=timezone.now()):
        raise Superseded


@transaction.atomic
def _finish(report: Report, size: int, digest: Digests, packed: Collection[str]) -> None:
    """`packed` are the ids of the evidence in a package: whoever asked for it has downloaded them."""
    _lock_mine(report)
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
    )
    notify(
        recipients=[report.requested_by],
        kind=NoticeKind.REPORT_READY,
        key=f"report:{report.pk}:{report.attempts}",
        path=report.get_absolute_url(),
        institution=report.institution,
        data=_titles(report),
    )


def _titles(report: Report) -> dict[str, str]:
    """The report's name in both languages, for the notice."""
    names = {}
    for field, language in (("title", "zh-hans"), ("title_en", "en")):
        with translation.override(language):
            names[field] = report.get_kind_display()
    return names


@transaction.atomic
def _give_up(report: Report, error: Exception) -> None:
    """Leave the report to another attempt, or to its reader when there were enough."""
    try:
        _lock_mine(report)
    except Superseded:
        return
    name = "put_back" if report.attempts < MAX_ATTEMPTS else "fail"
    pass_gate(row=report, name=name, moves=TRANSITIONS, by=None, error=f"{type(error).__name__}: {error}"[:2000])


@transaction.atomic
def _refuse(report: Report, refusal: Refused) -> None:
    """Another attempt would find the same, so the reader is told at once."""
    try:
        _lock_mine(report)
    except Superseded:
        return
    pass_gate(row=report, name="fail", moves=TRANSITIONS, by=None, error=str(refusal), refusal=str(refusal))


def _lock_mine(report: Report) -> None:
    locked = Report.objects.select_for_update(of=("self",)).get(pk=report.pk)
    if locked.state != ReportState.RENDERING or locked.attempts != report.attempts:
        raise Superseded
