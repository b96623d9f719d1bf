"""Sections that more than one kind of report has, and how their tables are written as sheets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports.charts import state_chart
from reports.contents import plain
from reports.contents.asked import Asked
from reports.contents.section import Context, Section, Sheet
from reports.progress import ACCEPTED_SHARE_RULE, OVERDUE_RULE, Figures, Line
from reports.sheets import Column, share
from tasks.models import Assignment


def figure_columns() -> list[Column]:
    heads = _("任务总数"), _("已报送"), _("已退回"), _("已验收"), _("不适用"), _("已逾期"), _("验收率")
    return [(head, 10) for head in heads]


def figure_cells(figures: Figures) -> list[Any]:
    """Under `figure_columns`: whole numbers, and the accepted share as a fraction of 1, empty where nothing applies."""
    return [
        figures.total,
        figures.waiting_for_review,
        figures.returned,
        figures.accepted,
        figures.not_applicable,
        figures.overdue,
        share(figures.accepted_share),
    ]


def deadline_columns() -> list[Column]:
    return [(_("完成期限"), 12), (_("期限说明"), 10), (_("逾期天数"), 10)]


def deadline_cells(assignment: Assignment, days: int) -> list[Any]:
    """Under `deadline_columns`: a date and whole days. Whether a deadline was official on a past day is not known."""
    is_provisional = not (assignment.known_on or assignment.deadline_is_official)
    return [assignment.deadline, _("暂定") if is_provisional else None, days]


def line_rows(lines: Iterable[Line], described: Callable[[Any], list[Any]]) -> Iterator[list[Any]]:
    """What is said of each subject, and its figures."""
    return ([*described(subject), *figure_cells(figures)] for subject, figures in lines)


def _summary(asked: Asked) -> Context:
    return {
        "figures": asked.progress.total,
        "chart": state_chart(asked.progress.total),
        "accepted_share_rule": ACCEPTED_SHARE_RULE,
        "overdue_rule": OVERDUE_RULE,
    }


def _summary_sheet(context: Context) -> list[Sheet]:
    return [Sheet(_("总体情况"), figure_columns(), iter([figure_cells(context["figures"])]))]


SUMMARY = Section(
    key="summary",
    title=gettext_lazy("总体情况"),
    template="reports/pdf/sections/summary.html",
    read=_summary,
    data=lambda context: {"figures": plain.of_figures(context["figures"])},
    sheets=_summary_sheet,
)


def _themes(asked: Asked) -> Context:
    return {"figures": asked.progress.total, "lines": asked.progress.by_theme}


def _theme_sheet(context: Context) -> list[Sheet]:
    rows = line_rows(context["lines"], lambda theme: [f"{theme.local_label} {theme.local_title}"])
    return [Sheet(_("各主题进展"), [(_("主题"), 50), *figure_columns()], rows)]


THEMES = Section(
    key="themes",
    title=gettext_lazy("各主题进展"),
    template="reports/pdf/sections/themes.html",
    read=_themes,
    data=lambda context: {"by_theme": plain.of_lines(context["lines"], plain.of_theme)},
    sheets=_theme_sheet,
)
