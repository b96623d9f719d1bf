"""The institutions that are furthest behind, and those that are furthest ahead."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports import progress
from reports.contents import plain
from reports.contents.asked import Asked
from reports.contents.section import Context, Section, Sheet
from reports.contents.shared import figure_columns, line_rows
from reports.progress import BEST_RULE, WORST_RULE

EXTREMES_SHOWN = 10


def _extremes(asked: Asked) -> Context:
    worst = [line for line in asked.by_institution.rows[:EXTREMES_SHOWN] if line.figures.overdue]
    best = progress.best_institutions(asked.standing, plan=asked.plan, today=asked.day, limit=EXTREMES_SHOWN)
    return {"worst": worst, "best": best, "rules": [WORST_RULE, BEST_RULE]}


def _extremes_data(context: Context) -> dict[str, Any]:
    return {name: plain.of_lines(context[name], plain.with_region) for name in ("worst", "best")}


def _extremes_sheet(context: Context) -> list[Sheet]:
    columns = [(_("机构名称"), 40), (_("统一社会信用代码"), 22), (_("地区"), 12), *figure_columns()]
    titles = {"worst": _("进展最慢的机构"), "best": _("进展最快的机构")}
    return [
        Sheet(
            title,
            columns,
            line_rows(context[name], lambda one: [one.local_name, one.credit_code, one.region.local_name]),
        )
        for name, title in titles.items()
    ]


EXTREMES = Section(
    key="extremes",
    title=gettext_lazy("进展最慢和最快的机构"),
    template="reports/pdf/sections/extremes.html",
    read=_extremes,
    data=_extremes_data,
    sheets=_extremes_sheet,
)
