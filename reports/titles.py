"""What a report is called in both languages, for notices, which each reader reads in their own."""

from __future__ import annotations

from django.utils import translation

from reports.models import Report, ReportSchedule


def titles_of(row: Report | ReportSchedule) -> dict[str, str]:
    names = {}
    for field, language in (("title", "zh-hans"), ("title_en", "en")):
        with translation.override(language):
            names[field] = row.title
    return names
