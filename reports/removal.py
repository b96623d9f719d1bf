"""Packages hold copies of evidence, and copies must not outlive what was deleted: after some days they are removed.

The row stays, with the digests of what was handed out.
"""

from __future__ import annotations

import datetime

from django.conf import settings
from django.utils import timezone

from reports.enums import ReportKind, ReportState
from reports.models import Report

AT_ONCE = 1000


def remove_old_packages() -> None:
    """The oldest first. A run that is cut short is continued by the next one."""
    since = timezone.now() - datetime.timedelta(days=settings.PACKAGE_DAYS)
    old = Report.objects.filter(
        kind=ReportKind.EVIDENCE_PACKAGE, state=ReportState.DONE, removed_at=None, finished_at__lt=since
    )
    packages = list(old.order_by("finished_at")[:AT_ONCE])
    for package in packages:
        package.file.storage.delete(package.file.name)
    Report.objects.filter(pk__in=[package.pk for package in packages]).update(removed_at=timezone.now())
