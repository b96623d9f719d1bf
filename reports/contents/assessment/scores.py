"""What the signed version comes to, beside the institution's earlier cycles."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments.scores import SCORE_RULE, rounded
from reports.comparison import Standing, course, standings
from reports.contents import plain
from reports.contents.asked import Asked
from reports.contents.section import Context, Section, Sheet
from reports.score_charts import point_chart

EARLIER_SHOWN = 4


def _scores(asked: Asked) -> Context:
    """Earlier cycles by what was signed last in each, as it stood on the day."""
    signed = asked.signed
    before = asked.self_assessments.filter(cycle__period_ends_on__lt=signed.cycle.period_ends_on)
    own = Standing(signed, {score.theme_id: score.value for score in signed.scores.filter(task=None)})
    compared = [*standings(before, asked.until)[-EARLIER_SHOWN:], own]
    rated = [standing for standing in compared if standing.whole is not None]
    return {
        "standings": compared,
        "lines": course(compared),
        "points": point_chart(compared) if len(rated) > 1 else None,
        "rule": SCORE_RULE,
    }


def _score_data(context: Context) -> dict[str, Any]:
    return {
        "score_rule": str(context["rule"]),
        "scores": [
            {
                "theme": line.theme and plain.of_theme(line.theme),
                "by_cycle": [
                    {"cycle": standing.cycle.local_title, "score": None if value is None else rounded(value)}
                    for standing, value in zip(context["standings"], line.values, strict=True)
                ],
            }
            for line in context["lines"]
        ],
    }


def _score_sheet(context: Context) -> list[Sheet]:
    columns = [(_("主题"), 50), *((standing.cycle.local_title, 18) for standing in context["standings"])]
    rows = (
        [
            f"{line.theme.local_label} {line.theme.local_title}" if line.theme else _("总分"),
            *(None if value is None else rounded(value) for value in line.values),
        ]
        for line in context["lines"]
    )
    return [Sheet(_("得分"), columns, rows)]


SCORES = Section(
    key="scores",
    title=gettext_lazy("得分"),
    template="reports/pdf/sections/scores.html",
    read=_scores,
    data=_score_data,
    sheets=_score_sheet,
)
