"""The workbook of a PDF report: what it is about, and the tables of its sections with numbers and dates as such."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import Any

from django.utils.translation import gettext as _
from openpyxl import Workbook

from portal.accounts.enums import InstitutionKind
from portal.accounts.models import Authority
from reports.contents.asked import ROWS_ATTACHED, Asked
from reports.contents.section import Context, Section
from reports.progress import ACCEPTED_SHARE_RULE, OVERDUE_RULE
from reports.sheets import moment, save, write_notes, write_sheet
from reports.verification.codes import grouped

NAME = "report.xlsx"


def workbook(asked: Asked, *, code: str, read: Iterable[tuple[Section, Context]]) -> bytes:
    """In the active language, from what the sections read; a longer list than is printed is read on meanwhile."""
    book, file = Workbook(write_only=True), BytesIO()
    write_notes(book, _notes(asked, code))
    for section, context in read:
        for sheet in section.sheets(context):
            write_sheet(book, str(sheet.title), sheet.columns, sheet.rows)
    save(book, file, asked.now)
    return file.getvalue()


def _notes(asked: Asked, code: str) -> list[tuple[str, Any]]:
    report, plan = asked.report, asked.plan
    lines = [(str(report.get_kind_display()), report.number)]
    if report.authority:
        lines += [(_("监管单位"), report.authority.local_name), (_("范围"), scope_in_words(report.authority))]
    if report.institution:
        lines.append((_("机构"), report.institution.local_name))
    lines += [
        (_("计划"), plan.local_title),
        (_("截至日期"), asked.day),
        (_("数据时间"), moment(asked.now)),
        (_("时区"), "Asia/Shanghai (UTC+8)"),
        (_("申请人"), report.requested_by.name),
        (_("验证码"), grouped(code)),
    ]
    if plan.shift_years:
        lines.append(demo_note())
    limit = _("每张表最多 %(limit)s 行，超出的部分请在平台相应页面查看。") % {"limit": f"{ROWS_ATTACHED:,}"}
    return [*lines, (_("验收率"), str(ACCEPTED_SHARE_RULE)), (_("已逾期"), str(OVERDUE_RULE)), (_("行数"), limit)]


def demo_note() -> tuple[str, str]:
    return _("演示数据"), _("机构、人员和进展均为虚构，计划的日期已整体平移。")


def scope_in_words(authority: Authority) -> str:
    regions = _("全部地区") if authority.all_regions else _list(region.local_name for region in authority.regions.all())
    kinds = _list(str(kind.label) for kind in InstitutionKind if kind in authority.kinds)
    return _("%(regions)s；%(kinds)s") % {"regions": regions, "kinds": kinds}


def _list(words: Iterable[str]) -> str:
    return _("、").join(words)
