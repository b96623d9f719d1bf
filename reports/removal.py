"""What a night takes away from the files of reports.

Packages hold copies of evidence, and copies must not outlive what was deleted: after some days they are removed. So
are the zips of batches, which can be packed again from their members. The row stays, with the digests of what was
handed out. And a worker that was killed between storing a file and saying so left one behind that no row names.
"""

from __future__ import annotations

import datetime
import logging
import re
from uuid import UUID

from django.conf import settings
from django.core.files.storage import default_storage
from django.utils import timezone

from reports.enums import ReportKind, ReportState
from reports.models import Report

logger = logging.getLogger(__name__)
AT_ONCE = 1000
FOLDER = "reports"
NAME = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
# Far longer than any step between a file and its row.
OLD = datetime.timedelta(days=1)


def remove_old_packages() -> None:
    """The oldest first. A run that is cut short is continued by the next one."""
    since = timezone.now() - datetime.timedelta(days=settings.PACKAGE_DAYS)
    old = Report.objects.filter(
        kind__in=[ReportKind.EVIDENCE_PACKAGE, ReportKind.BATCH],
        state=ReportState.DONE,
        removed_at=None,
        finished_at__lt=since,
    )
    packages = list(old.order_by("finished_at")[:AT_ONCE])
    for package in packages:
        package.file.storage.delete(package.file.name)
    Report.objects.filter(pk__in=[package.pk for package in packages]).update(removed_at=timezone.now())


def remove_strays(*, now: datetime.datetime | None = None) -> int:
    """Remove what is called like a report's file but named by none, once it is a day old; returns how many."""
    if not default_storage.exists(FOLDER):
        return 0
    _folders, names = default_storage.listdir(FOLDER)
    reports = [name for name in names if NAME.match(name)]
    before, removed = (now or timezone.now()) - OLD, 0
    for start in range(0, len(reports), AT_ONCE):
        for path in _unnamed(reports[start : start + AT_ONCE]):
            if default_storage.get_modified_time(path) < before:
                default_storage.delete(path)
                logger.info("Removed %s, which no report names.", path)
                removed += 1
    return removed


def _unnamed(names: list[str]) -> list[str]:
    """Their paths, without those that a report has as its file or its workbook."""
    ids = [UUID(name[:36]) for name in names]
    named = {path for row in Report.objects.filter(pk__in=ids).values_list("file", "workbook") for path in row}
    return [path for path in (f"{FOLDER}/{name}" for name in names) if path not in named]
