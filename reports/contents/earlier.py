"""Better or worse than before: progress against the last half-year's end, and scores cycle by cycle."""

from __future__ import annotations

from itertools import chain
from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments.models import Score
from assessments.scores import rounded
from plan.models import Theme
from reports import progress
from reports.contents import plain
from reports.contents.asked import Asked
from reports.contents.section import Context, Section, Sheet
from reports.dashboard.comparing import Change, ShareChange
from reports.progress import MEAN_SCORE_RULE, Figures
from reports.sheets import share

CYCLES_SHOWN = 4


class Compared(NamedTuple):
    """A theme, or the whole where it is None, now and then."""

    theme: Theme | None
    now: Figures
    then: Figures

    @property
    def accepted(self) -> ShareChange:
        return ShareChange(self.now.accepted_share, self.then.accepted_share, 1)

    @property
    def overdue(self) -> Change:
        return Change(self.now.overdue, self.then.overdue, -1)


def _compared(asked: Asked) -> Context:
    before = progress.last_half_year(asked.day)
    if before < asked.plan.starts_on:
        return {"before": None, "day": asked.day, "starts_on": asked.plan.starts_on, "lines": []}
    now, then = asked.progress, progress.measure_scope(asked.institutions, plan=asked.plan, day=before)
    lines = [Compared(theme, now.of(theme), then.of(theme)) for theme in [None, *now.themes]]
    return {"before": before, "day": asked.day, "starts_on": asked.plan.starts_on, "lines": lines}


def _compared_data(context: Context) -> dict[str, Any]:
    return {
        "compared": {
            "before": context["before"],
            "lines": [
                {
                    "theme": line.theme and plain.of_theme(line.theme),
                    "now": plain.of_figures(line.now),
                    "then": plain.of_figures(line.then),
                }
                for line in context["lines"]
            ],
        }
    }


def _compared_sheet(context: Context) -> list[Sheet]:
    columns = [
        (_("主题"), 50),
        (_("此前验收率"), 14),
        (_("现验收率"), 14),
        (_("此前逾期"), 10),
        (_("现逾期"), 10),
    ]
    rows = (
        [
            f"{line.theme.local_label} {line.theme.local_title}" if line.theme else _("合计"),
            share(line.then.accepted_share),
            share(line.now.accepted_share),
            line.then.overdue,
            line.now.overdue,
        ]
        for line in context["lines"]
    )
    return [Sheet(_("半年比较"), columns, rows)]


COMPARED = Section(
    key="compared",
    title=gettext_lazy("与上一半年末比较"),
    template="reports/pdf/sections/compared.html",
    read=_compared,
    data=_compared_data,
    sheets=_compared_sheet,
)


def _scores(asked: Asked) -> Context:
    scores = Score.objects.visible_to(asked.user, acting=asked.membership)
    scores = scores.filter(asked.covers("self_assessment__institution__"))
    means = progress.mean_scores(scores, plan=asked.plan, until=asked.until, limit=CYCLES_SHOWN)
    return {"means": means, "rule": MEAN_SCORE_RULE}


def _score_data(context: Context) -> dict[str, Any]:
    means = context["means"]
    return {
        "mean_scores": {
            "cycles": [
                {"cycle": cycle.local_title, "period_ends_on": cycle.period_ends_on, "institutions": number}
                for cycle, number in zip(means.cycles, means.institutions, strict=True)
            ],
            "lines": [
                {
                    "theme": line.theme and plain.of_theme(line.theme),
                    "means": [None if mean is None else rounded(mean) for mean in line.means],
                }
                for line in means.lines
            ],
        }
    }


def _score_sheet(context: Context) -> list[Sheet]:
    means = context["means"]
    columns = [(_("主题"), 50), *((cycle.local_title, 18) for cycle in means.cycles)]
    rows = (
        [
            f"{line.theme.local_label} {line.theme.local_title}" if line.theme else _("总分"),
            *(None if mean is None else rounded(mean) for mean in line.means),
        ]
        for line in means.lines
    )
    institutions = [_("已验收的机构数"), *means.institutions]
    return [Sheet(_("各周期平均得分"), columns, chain(rows, [institutions] if means.cycles else []))]


SCORES = Section(
    key="mean_scores",
    title=gettext_lazy("各周期自评得分"),
    template="reports/pdf/sections/mean_scores.html",
    read=_scores,
    data=_score_data,
    sheets=_score_sheet,
)
