"""A sign of life while a worker renders, so that the report of a worker that died is told from a slow one."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, connection
from django.utils import timezone

from reports.enums import ReportState
from reports.models import Report

logger = logging.getLogger(__name__)

SECONDS = 3


@contextmanager
def beating(report: Report) -> Iterator[None]:
    """Renew the heartbeat from a thread of its own until the body ends, and say how many rows are written."""
    over = threading.Event()
    thread = threading.Thread(target=_beat, args=(report, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _beat(report: Report, over: threading.Event) -> None:
    try:
        while not over.wait(SECONDS):
            mine = Report.objects.filter(pk=report.pk, state=ReportState.RENDERING, attempts=report.attempts)
            mine.update(heartbeat_at=timezone.now(), rows_done=report.rows_done, rows_total=report.rows_total)
    except DatabaseError as error:
        logger.warning("No more heartbeats for report %s: %s", report.pk, error)
    finally:
        connection.close()
