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
from reports.contents.shared import deadline_cells, deadline_columns, figure_columns, line_rows
from reports.sheets import moment
from tasks.enums import AssignmentState

OVERDUE_SHOWN = 150


def scope(asked: Asked) -> Context:
    authority, composition = asked.report.authority, asked.report.composition
    covered = composition or authority
    return {
        "authority": authority,
        "all_regions": covered.all_regions,
        "regions": composition.covered_regions if composition else list(authority.regions.all()),
        "kinds": [kind.label for kind in InstitutionKind if kind in covered.kinds],
        "institution_count": asked.by_institution.total,
    }


def scope_data(context: Context) -> dict[str, Any]:
    return {
        "authority": context["authority"].local_name,
        "all_regions": context["all_regions"],
        "regions": [region.local_name for region in context["regions"]],
        "kinds": [str(kind) for kind in context["kinds"]],
    }


def _waiting(asked: Asked) -> Context:
    submitted = asked.standing.in_state(AssignmentState.SUBMITTED)
    oldest = submitted.aggregate(oldest=Min("submitted_at"))["oldest"]
    return {"figures": asked.progress.total, "waiting_since": oldest}


def _waiting_sheet(context: Context) -> list[Sheet]:
    columns = [(_("待审核"), 10), (_("最早签署时间"), 18)]
    row = [context["figures"].waiting_for_review, moment(context["waiting_since"])]
    return [Sheet(_("待审核情况"), columns, iter([row]))]


WAITING = Section(
    key="waiting",
    title=gettext_lazy("待审核情况"),
    template="reports/pdf/sections/waiting.html",
    read=_waiting,
    data=lambda context: {"waiting_since": context["waiting_since"]},
    sheets=_waiting_sheet,
)


def _kind_sheet(context: Context) -> list[Sheet]:
    rows = line_rows(context["lines"], lambda kind: [str(kind.label)])
    return [Sheet(_("各类机构进展"), [(_("机构类别"), 20), *figure_columns()], rows)]


KINDS = Section(
    key="kinds",
    title=gettext_lazy("各类机构进展"),
    template="reports/pdf/sections/kinds.html",
    read=lambda asked: {"figures": asked.progress.total, "lines": asked.progress.by_kind},
    data=lambda context: {"by_kind": plain.of_lines(context["lines"], plain.of_kind)},
    sheets=_kind_sheet,
)


def _regions(asked: Asked) -> Context:
    regions = progress.by_region(asked.institutions, plan=asked.plan, day=asked.day, task=asked.task)
    return {"figures": asked.progress.total, "lines": regions}


def _region_sheet(context: Context) -> list[Sheet]:
    rows = line_rows(context["lines"], lambda region: [region.local_name])
    return [Sheet(_("各地区进展"), [(_("地区"), 20), *figure_columns()], rows)]


REGIONS = Section(
    key="regions",
    title=gettext_lazy("各地区进展"),
    template="reports/pdf/sections/regions.html",
    read=_regions,
    data=lambda context: {"by_region": plain.of_lines(context["lines"], plain.of_region)},
    sheets=_region_sheet,
)


def _overdue(asked: Asked) -> Context:
    late = progress.overdue_list(asked.standing, plan=asked.plan, today=asked.day, limit=OVERDUE_SHOWN)
    return {"figures": asked.progress.total, "overdue": late, "each_overdue": asked.each_overdue}


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
        *deadline_columns(),
    ]
    rows = (
        [
            row.institution.local_name,
            row.institution.credit_code,
            row.institution.region.local_name,
            row.task.number,
            row.task.local_title,
            row.get_state_display(),
            *deadline_cells(row, days),
        ]
        for row, days in context["each_overdue"]
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
