"""What reports on a supervising body's scope have in common: whose it is, and how its work stands, split."""

from __future__ import annotations

from typing import Any

from django.db.models import Min
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.accounts.enums import InstitutionKind
from reports import progress
from reports.contents import plain
from reports.contents.asked import Asked
from reports.contents.section import Context, Section, Sheet
from reports.contents.shared import figure_columns, line_rows
from tasks.enums import AssignmentState
from tasks.querysets import AssignmentChangeQuerySet

OVERDUE_SHOWN = 150


def scope(asked: Asked) -> Context:
    authority = asked.report.authority
    return {
        "authority": authority,
        "regions": list(authority.regions.all()),
        "kinds": [kind.label for kind in InstitutionKind if kind in authority.kinds],
        "institution_count": asked.by_institution.total,
    }


def scope_data(context: Context) -> dict[str, Any]:
    authority = context["authority"]
    return {
        "authority": authority.local_name,
        "all_regions": authority.all_regions,
        "regions": [region.local_name for region in context["regions"]],
        "kinds": [str(kind) for kind in context["kinds"]],
    }


def _waiting(asked: Asked) -> Context:
    submitted = asked.standing.in_state(AssignmentState.SUBMITTED)
    if isinstance(submitted, AssignmentChangeQuerySet):
        submitted = submitted.with_time_of(AssignmentState.SUBMITTED)
    return {
        "figures": asked.progress.total,
        "waiting_since": submitted.aggregate(oldest=Min("submitted_at"))["oldest"],
    }


WAITING = Section(
    key="waiting",
    title=gettext_lazy("待审核情况"),
    template="reports/pdf/sections/waiting.html",
    read=_waiting,
    data=lambda context: {"waiting_since": context["waiting_since"]},
)


def _kind_sheet(context: Context) -> list[Sheet]:
    rows = line_rows(context["by_kind"], lambda kind: [str(kind.label)])
    return [Sheet(_("各类机构进展"), [(_("机构类别"), 20), *figure_columns()], rows)]


KINDS = Section(
    key="kinds",
    title=gettext_lazy("各类机构进展"),
    template="reports/pdf/sections/kinds.html",
    read=lambda asked: {"figures": asked.progress.total, "by_kind": asked.progress.by_kind},
    data=lambda context: {"by_kind": plain.of_lines(context["by_kind"], plain.of_kind)},
    sheets=_kind_sheet,
)


def _regions(asked: Asked) -> Context:
    regions = progress.by_region(asked.institutions, plan=asked.plan, day=asked.day, task=asked.task)
    return {"figures": asked.progress.total, "by_region": regions}


def _region_sheet(context: Context) -> list[Sheet]:
    rows = line_rows(context["by_region"], lambda region: [region.local_name])
    return [Sheet(_("各地区进展"), [(_("地区"), 20), *figure_columns()], rows)]


REGIONS = Section(
    key="regions",
    title=gettext_lazy("各地区进展"),
    template="reports/pdf/sections/regions.html",
    read=_regions,
    data=lambda context: {"by_region": plain.of_lines(context["by_region"], plain.of_region)},
    sheets=_region_sheet,
)


def _overdue(asked: Asked) -> Context:
    late = progress.overdue_list(asked.standing, plan=asked.plan, today=asked.day, limit=OVERDUE_SHOWN)
    return {"figures": asked.progress.total, "overdue": late}


def _overdue_data(context: Context) -> dict[str, Any]:
    return {
        "overdue": [
            plain.with_region(late.assignment.institution) | plain.of_assignment(late.assignment, late.days)
            for late in context["overdue"]
        ]
    }


def _overdue_sheet(context: Context) -> list[Sheet]:
    columns = [
        (_("机构名称"), 40),
        (_("统一社会信用代码"), 22),
        (_("地区"), 12),
        (_("任务号"), 8),
        (_("任务"), 50),
        (_("状态"), 12),
        (_("完成期限"), 12),
        (_("逾期天数"), 10),
    ]
    rows = (
        [
            row.institution.local_name,
            row.institution.credit_code,
            row.institution.region.local_name,
            row.task.number,
            row.task.local_title,
            row.get_state_display(),
            row.deadline,
            days,
        ]
        for row, days in context["overdue"]
    )
    return [Sheet(_("逾期任务"), columns, rows)]


OVERDUE = Section(
    key="overdue",
    title=gettext_lazy("逾期任务"),
    template="reports/pdf/sections/overdue.html",
    read=_overdue,
    data=_overdue_data,
    sheets=_overdue_sheet,
)
