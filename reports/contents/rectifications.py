"""What supervisors want put right in the scope, and how far that is."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports import progress
from reports.contents import plain
from reports.contents.asked import Asked
from reports.contents.section import Context, Section, Sheet
from reports.progress import RECTIFICATION_RULE

LATE_SHOWN = 50


def _rectifications(asked: Asked) -> Context:
    found = progress.rectifications(asked.rectifications, day=asked.day, limit=LATE_SHOWN)
    return {"found": found, "rule": RECTIFICATION_RULE}


def _rectification_data(context: Context) -> dict[str, Any]:
    found = context["found"]
    counts = {name: getattr(found, name) for name in ("total", "open", "overdue", "unverified", "closed")}
    late = [
        plain.with_region(row.institution) | {"title": row.title, "deadline": deadline, "days_late": days}
        for row, deadline, days in found.late
    ]
    return {"rectifications": counts | {"late": late}}


def _rectification_sheet(context: Context) -> list[Sheet]:
    columns = [
        (_("机构名称"), 40),
        (_("统一社会信用代码"), 22),
        (_("地区"), 12),
        (_("整改事项"), 50),
        (_("整改期限"), 12),
        (_("逾期天数"), 10),
    ]
    rows = (
        [
            row.institution.local_name,
            row.institution.credit_code,
            row.institution.region.local_name,
            row.title,
            deadline,
            days,
        ]
        for row, deadline, days in context["found"].late
    )
    return [Sheet(_("逾期的整改"), columns, rows)]


RECTIFICATIONS = Section(
    key="rectifications",
    title=gettext_lazy("整改"),
    template="reports/pdf/sections/rectifications.html",
    read=_rectifications,
    data=_rectification_data,
    sheets=_rectification_sheet,
)
