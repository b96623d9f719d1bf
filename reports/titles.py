"""What a report is called in both languages, for notices, which each reader reads in their own."""

from __future__ import annotations

from collections.abc import Callable

from django.utils import translation

from reports.models import Report, ReportSchedule


def titles_of(row: Report | ReportSchedule) -> dict[str, str]:
    return titles(lambda: row.title)


def titles(in_language: Callable[[], str]) -> dict[str, str]:
    """What the function says in each of them, by the field of a notice's data."""
    names = {}
    for field, language in (("title", "zh-hans"), ("title_en", "en")):
        with translation.override(language):
            names[field] = in_language()
    return names
