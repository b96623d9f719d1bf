"""What the file of a report is called."""

from __future__ import annotations

from django.utils import timezone
from django.utils.text import get_valid_filename
from django.utils.translation import gettext as _

from reports.models import Report

NAME_LENGTH = 60


def filename_of(report: Report, extension: str) -> str:
    """Kind, whose work, which part of it, and the day it speaks of; a package has its number instead of a day."""
    parts = [_("草稿"), report.title] if report.is_draft else [report.title]
    if report.is_export:
        parts.append(report.about)
    parts += [report.concerns[:NAME_LENGTH], *_parts_of(report), _end_of(report)]
    return f"{get_valid_filename('_'.join(parts))}.{extension}"


def _parts_of(report: Report) -> list[str]:
    if report.assignment:
        return [str(report.assignment.task.number)]
    if report.task:
        return [str(report.task.number)]
    if report.self_assessment:
        return [report.self_assessment.cycle.local_title, f"v{report.self_assessment.version}"]
    return []


def _end_of(report: Report) -> str:
    if report.is_package:
        return report.number
    return f"{report.day or timezone.localdate(report.finished_at):%Y%m%d}"
