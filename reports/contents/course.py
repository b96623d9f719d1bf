"""How the work came in over the weeks of the plan, against its deadlines."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports import progress
from reports.charts import no_link
from reports.contents.asked import Asked
from reports.contents.section import Context, Section, Sheet
from reports.dashboard.charts.burn_up import burn_up, half_years
from reports.progress import COURSE_RULE

WIDTH = 720  # narrower than on a screen, so that its words are read on paper


def _course(asked: Asked) -> Context:
    weeks = progress.course(asked.institutions, plan=asked.plan, day=asked.day, task=asked.task)
    known = [week for week in weeks if week.accepted is not None]
    if not (weeks[-1].due or known[-1].signed):
        return {"chart": None, "points": [], "rule": COURSE_RULE}
    return {
        "chart": burn_up(weeks, plan=asked.plan, day=asked.day, before=None, link=no_link, as_at=no_link, width=WIDTH),
        "points": [week for week in half_years(known) if week.due or week.signed],
        "rule": COURSE_RULE,
    }


def _course_data(context: Context) -> dict[str, Any]:
    return {"course": [week._asdict() for week in context["points"]]}


def _course_sheet(context: Context) -> list[Sheet]:
    columns = [(_("日期"), 12), (_("应完成"), 10), (_("已签署报送"), 12), (_("已验收"), 10)]
    return [Sheet(_("进度"), columns, (list(week) for week in context["points"]))]


COURSE = Section(
    key="course",
    title=gettext_lazy("进度"),
    template="reports/pdf/sections/course.html",
    read=_course,
    data=_course_data,
    sheets=_course_sheet,
)
