"""Make a report, in a worker.

A worker takes a report by locking its row and counting an attempt. The number of the attempt is its proof
that the report is still its own: a worker that was taken for dead and comes back late changes nothing.
No transaction stays open while figures are set into pages.
"""

from __future__ import annotations

import logging
from uuid import UUID

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone, translation

from portal.audit.canonical import Digests, digests
from portal.gate import pass_gate
from portal.notices.actions import notify
from portal.notices.enums import NoticeKind
from reports.documents import compose
from reports.enums import TRANSITIONS, ReportState, ReportStep
from reports.heartbeat import beating
from reports.models import Report

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
            _make(report)
    except Superseded:
        logger.warning("Report %s went to another worker.", report.pk)
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


def _make(report: Report) -> None:
    from reports.rendering import to_pdf  # WeasyPrint is heavy, and no web process needs it

    _advance(report, ReportStep.FIGURES)
    html = compose(report)
    _advance(report, ReportStep.LAYOUT)
    pdf = to_pdf(html)
    _advance(report, ReportStep.STORED)
    report.file.save("report.pdf", ContentFile(pdf), save=False)
    try:
        _finish(report, len(pdf), digests(pdf))
    except BaseException:
        report.file.storage.delete(report.file.name)
        raise


def _advance(report: Report, step: ReportStep) -> None:
    """Say where the work is: committed at once, as the page shows it."""
    mine = Report.objects.filter(pk=report.pk, state=ReportState.RENDERING, attempts=report.attempts)
    if not mine.update(step=step, heartbeat_at=timezone.now()):
        raise Superseded


@transaction.atomic
def _finish(report: Report, size: int, digest: Digests) -> None:
    _lock_mine(report)
    pass_gate(
        row=report,
        name="finish",
        moves=TRANSITIONS,
        by=None,
        data=digest._asdict(),
        file=report.file.name,
        size=size,
        sha256=digest.sha256,
        sm3=digest.sm3,
        error="",
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


def _lock_mine(report: Report) -> None:
    locked = Report.objects.select_for_update(of=("self",)).get(pk=report.pk)
    if locked.state != ReportState.RENDERING or locked.attempts != report.attempts:
        raise Superseded
