"""What changed in the period of a composed report: figures before its first day, and at the end of its last."""

from __future__ import annotations

import datetime
from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plan.models import Theme
from reports import progress
from reports.contents import plain
from reports.contents.asked import Asked
from reports.contents.section import Context, Section, Sheet
from reports.progress import Figures
from reports.sheets import share


class Course(NamedTuple):
    """A theme, or all of them, before the period and at its end."""

    theme: Theme | None
    before: Figures
    now: Figures

    @property
    def cells(self) -> list[int | str]:
        """As a line prints them."""
        before, now = self.before, self.now
        return [
            before.accepted,
            now.accepted,
            before.accepted_percent,
            now.accepted_percent,
            before.overdue,
            now.overdue,
        ]


def _period(asked: Asked) -> Context:
    """Of the institutions that are in scope now, by the kind and region they have now."""
    starts_on = asked.starts_on or asked.day
    eve = starts_on - datetime.timedelta(days=1)
    before = progress.measure_scope(asked.institutions, plan=asked.plan, day=eve)
    now = asked.progress
    return {
        "starts_on": starts_on,
        "ends_on": asked.day,
        "courses": [Course(theme, before.of(theme=theme), now.of(theme=theme)) for theme in now.themes],
        "whole": Course(None, before.total, now.total),
    }


def _data(context: Context) -> dict[str, Any]:
    whole = context["whole"]
    return {
        "period": {
            "starts_on": context["starts_on"],
            "ends_on": context["ends_on"],
            "before": plain.of_figures(whole.before),
            "now": plain.of_figures(whole.now),
            "by_theme": [
                plain.of_theme(course.theme)
                | {"before": plain.of_figures(course.before), "now": plain.of_figures(course.now)}
                for course in context["courses"]
            ],
        }
    }


def _sheet(context: Context) -> list[Sheet]:
    columns = [
        (_("主题"), 50),
        (_("期初已验收"), 12),
        (_("期末已验收"), 12),
        (_("期初验收率"), 12),
        (_("期末验收率"), 12),
        (_("期初已逾期"), 12),
        (_("期末已逾期"), 12),
    ]
    rows = (_row(course) for course in [*context["courses"], context["whole"]])
    return [Sheet(_("期间变化"), columns, rows)]


def _row(course: Course) -> list[Any]:
    theme, before, now = course
    return [
        f"{theme.local_label} {theme.local_title}" if theme else _("合计"),
        before.accepted,
        now.accepted,
        share(before.accepted_share),
        share(now.accepted_share),
        before.overdue,
        now.overdue,
    ]


PERIOD = Section(
    key="period",
    title=gettext_lazy("期间变化"),
    template="reports/pdf/sections/period.html",
    read=_period,
    data=_data,
    sheets=_sheet,
)
