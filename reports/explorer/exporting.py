"""Rows found in the explorer as a file: what the page shows, over all its pages, as its reader may see it now.

Rows go from a cursor in the database to the file one by one, so a file of 625,000 needs little more memory than one
of 625.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import IO, Any

from django.core.exceptions import PermissionDenied
from django.http import QueryDict
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from openpyxl import Workbook

from portal.attempts import check_mine
from reports.documents import one_moment
from reports.enums import SheetFormat
from reports.explorer.asked import Asked
from reports.explorer.registry import LISTED
from reports.explorer.subjects import Reading
from reports.models import Report
from reports.packages.contents import Refused
from reports.permissions import membership_for
from reports.sheets import moment, save, write_csv, write_notes, write_sheet

ROWS_AT_ONCE = 2000


def asked_for(report: Report) -> Asked:
    """What the report's page asked for, read anew for whoever asked.

    Raises PermissionDenied when the person has lost the role meanwhile.
    """
    membership = membership_for(report.requested_by, report)
    if membership is None:
        raise PermissionDenied
    query = QueryDict(report.query, mutable=True)
    query.setlist("column", report.columns)
    return Asked(LISTED[report.subject], query, Reading(report.requested_by, membership))


def write_rows(report: Report, file: IO[bytes]) -> None:
    """The file in the active language, from one moment. Raises Refused for a filter that no longer makes sense."""
    asked = asked_for(report)
    if asked.form.errors:
        raise Refused(_("筛选条件已失效，例如所选机构已不在监管范围内。请在查询页面重新筛选后导出。"))
    with one_moment():
        report.rows_done, report.rows_total = 0, asked.found.count()
        rows = _rows(report, asked)
        columns = [(str(column.label), column.width) for column in asked.columns]
        if report.format == SheetFormat.CSV:
            write_csv(file, [head for head, _width in columns], rows)
            return
        book = Workbook(write_only=True)
        now = timezone.localtime()
        _write_notes(book, report, asked, now)
        write_sheet(book, _title(asked), columns, rows)
        save(book, file, now)


def _title(asked: Asked) -> str:
    """Of the sheet; a past day stands in it."""
    subject = str(asked.listed.subject.label)
    return f"{subject} {asked.day}" if asked.day else subject


def _rows(report: Report, asked: Asked) -> Iterator[list[Any]]:
    found = asked.with_columns(asked.found).order_by(*asked.order)
    rows = map(asked.shown, found.iterator(ROWS_AT_ONCE))
    for number, row in enumerate(rows, start=1):
        yield [_value(column.value(row)) for column in asked.columns]
        report.rows_done = number
        check_mine(report)


def _value(value: Any) -> Any:
    if isinstance(value, datetime.datetime):
        return moment(value)
    return str(value) if isinstance(value, Promise) else value


def _write_notes(book: Workbook, report: Report, asked: Asked, now: datetime.datetime) -> None:
    lines: list[tuple[str, Any]] = [
        (str(report.get_kind_display()), report.number),
        (_("监管单位"), report.authority.local_name),
        (_("查询对象"), str(asked.listed.subject.label)),
        *((str(label), said) for label, said in asked.said),
        (_("行数"), report.rows_total),
        (_("数据时间"), moment(now)),
        (_("申请人"), report.requested_by.name),
    ]
    write_notes(book, lines)
