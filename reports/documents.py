"""What a report says: figures and lists at one moment, as pages in HTML, as data and as a workbook."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from reports.attached import attach
from reports.charts import shortened
from reports.composing.arranging import arranged, as_data
from reports.composing.markdown import written
from reports.contents.asked import Asked
from reports.contents.kinds import CONTENTS
from reports.contents.section import Context, Section
from reports.enums import ReportKind
from reports.glyphs import missing_characters, named, with_fallback
from reports.models import Composition, Report
from reports.permissions import membership_for
from reports.verification.seals import Seal, new_seal
from reports.workbook import workbook

# Narrow characters for which the head of a page has room, beside each other.
REPORT_COLUMNS, PART_COLUMNS = 62, 26


class Document(NamedTuple):
    """A report as it is issued: its pages, the same figures as JSON and as a workbook, their moment, and its seal.

    `missing` are the characters that its pages could not show.
    """

    html: str
    data: bytes
    workbook: bytes
    as_at: datetime.datetime
    seal: Seal
    missing: str


class Part(NamedTuple):
    """A section as the layout prints it below its heading."""

    key: str
    title: str | Promise
    html: SafeString
    is_annex: bool

    @property
    def running(self) -> str:
        """The title as the head of a page has room for it."""
        return shortened(str(self.title), PART_COLUMNS)


def compose(report: Report, *, is_preview: bool = False) -> Document:
    """The report in the active language, over what its reader may see now.

    Each attempt has a seal of its own: no two files bear the same code. A preview is no file, and shows none.

    Raises PermissionDenied when the person who asked has lost the role meanwhile.
    """
    membership = membership_for(report.requested_by, report)
    if membership is None:
        raise PermissionDenied
    contents, composition, seal = CONTENTS[ReportKind(report.kind)], report.composition, new_seal()
    asked = Asked(report, membership, timezone.localtime())
    with one_moment():
        scope = contents.scope(asked)
        read = [(section, section.read(asked)) for section in arranged(contents, composition)]
        common = {"asked": asked, "report": report, "plan": report.plan, "now": asked.now}
        parts = [*_opening(composition), *(_part(section, common, context) for section, context in read)]
        shown = {"draft": report.is_draft, "is_preview": is_preview, "seal": None if is_preview else seal}
        html, missing = _pages(
            contents.template, {**common, **scope, **shown, "parts": parts, "running": _running(report)}
        )
        told = [as_data(composition), *_data(read)]
        data = attach(asked, code=seal.code, scope=contents.scope_data(scope), parts=told)
        book = b"" if is_preview else workbook(asked, code=seal.code, read=read)
    return Document(html, data, book, asked.now, seal, missing)


def _running(report: Report) -> str:
    return shortened(f"{report.title} · {report.concerns}", REPORT_COLUMNS)


def _opening(composition: Composition | None) -> list[Part]:
    """What stands before all figures, where somebody wrote it."""
    if composition is None or not composition.opening:
        return []
    return [Part("opening", _("综述"), _prose(composition.opening), is_annex=False)]


def _part(section: Section, common: Context, context: Context) -> Part:
    composition = common["report"].composition
    text = composition.texts.get(section.key, "") if composition else ""
    printed = render_to_string(section.template, {**common, **context})
    return Part(section.key, section.title, _prose(text) + printed, section.is_annex)


def _prose(text: str) -> SafeString:
    return format_html('<div class="prose">{}</div>', written(text)) if text else SafeString()


def _pages(template: str, context: Context) -> tuple[str, str]:
    """The pages, and the characters that no font here has: those pages say so, and show a mark in their place."""
    html = render_to_string(template, context)
    missing = missing_characters(html)
    if missing:
        html = render_to_string(template, {**context, "missing": named(missing)})
    return with_fallback(html, missing), missing


def _data(read: Sequence[tuple[Section, Context]]) -> list[dict[str, Any]]:
    return [section.data(context) for section, context in read]


@contextmanager
def one_moment() -> Iterator[None]:
    """All figures from one snapshot of the database; inside another transaction, from that one's."""
    begins = not connection.in_atomic_block
    with transaction.atomic():
        if begins:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield
