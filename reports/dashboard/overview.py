"""总体: how far, how late, better or worse than before, where it is worst and which task is failing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from reports.dashboard.asked import Asked
from reports.dashboard.charts.ages import AgeChart, age_chart, age_label
from reports.dashboard.charts.funnel import funnel
from reports.dashboard.comparing import Change, ShareChange
from reports.progress import (
    ACCEPTED_SHARE_RULE,
    AGES,
    AGES_RULE,
    AT_RISK_RULE,
    OVERDUE_RULE,
    REACHED_RULE,
    Condition,
    Figures,
    Line,
    Position,
    by_region,
)
from tasks.enums import AssignmentState

S = AssignmentState

# By which attribute a list is filtered for a task, a theme, a kind or a region, and what each is called.
SUBJECTS: Mapping[str, tuple[str, Callable[[Any], str]]] = {
    "task": ("number", lambda task: f"{task.number} {task.local_title}"),
    "theme": ("number", lambda theme: f"{theme.local_label} {theme.local_title}"),
    "kind": ("value", lambda kind: str(kind.label)),
    "region": ("code", lambda region: region.local_name),
}


class Tile(NamedTuple):
    label: str
    value: str
    change: Change
    url: str
    state: str = ""


class Finding(NamedTuple):
    """Where the share of overdue work is highest, among tasks, kinds, regions or themes."""

    question: str
    answer: str
    figures: Figures
    change: ShareChange
    url: str


def content(asked: Asked) -> dict[str, Any]:
    now, then = asked.now, asked.then
    context = {
        "figures": now.figures,
        "tiles": tiles(asked),
        "funnel": funnel(now.reached, then.reached if then else None, asked.link),
        "reached": list(zip(now.reached, then.reached if then else [None] * len(now.reached), strict=True)),
        "age_tables": [_by_theme(asked)],
        "age_heads": [age_label(age) for age in AGES],
        "rules": [ACCEPTED_SHARE_RULE, OVERDUE_RULE, AT_RISK_RULE, REACHED_RULE, AGES_RULE],
    }
    if asked.membership.is_supervising:
        context |= {"findings": _findings(asked), "age_tables": [_by_theme(asked), _by_kind(asked)]}
    return context


def tiles(asked: Asked) -> list[Tile]:
    now, then = asked.now.figures, asked.then.figures if asked.then else None
    risk_now, risk_then = _at_risk(asked.now), _at_risk(asked.then) if asked.then else None
    accepted, submitted, returned = (asked.link(state=state.value) for state in (S.ACCEPTED, S.SUBMITTED, S.RETURNED))
    overdue = asked.link(overdue=1)
    counts = [
        (_("已逾期"), now.overdue, then and then.overdue, -1, overdue, "overdue"),
        (_("需关注"), risk_now, risk_then, -1, "", ""),
        (_("待审核"), now.waiting_for_review, then and then.waiting_for_review, 0, submitted, "submitted"),
        (_("已退回"), now.returned, then and then.returned, 0, returned, "returned"),
    ]
    better = ShareChange(now.accepted_share, then and then.accepted_share, 1)
    worse = ShareChange(now.overdue_share, then and then.overdue_share, -1)
    return [
        Tile(_("验收率"), now.accepted_percent, better, accepted, "accepted"),
        Tile(_("逾期率"), now.overdue_percent, worse, overdue, "overdue"),
        *(Tile(label, f"{new:,}", Change(new, old, good), url, state) for label, new, old, good, url, state in counts),
    ]


def _at_risk(position: Position) -> int:
    return sum(conditions[Condition.AT_RISK] for conditions in position.conditions.values())


def _findings(asked: Asked) -> list[Finding]:
    """Nothing where nothing is overdue."""
    now, then = asked.now.progress, asked.then.progress if asked.then else None
    regions = by_region(asked.institutions, plan=asked.plan, day=asked.day, theme=asked.theme)
    earlier = (
        by_region(asked.institutions, plan=asked.plan, day=asked.before, theme=asked.theme) if asked.before else []
    )
    questions = [
        (_("哪项任务最滞后"), now.by_task, then and then.by_task, "task"),
        (_("哪个主题最滞后"), now.by_theme, then and then.by_theme, "theme"),
        (_("哪类机构最滞后"), now.by_kind, then and then.by_kind, "kind"),
        (_("哪个地区最滞后"), regions, earlier, "region"),
    ]
    found = [_worst(asked, *question) for question in questions]
    return [finding for finding in found if finding]


def _worst(
    asked: Asked, question: str, lines: list[Line], earlier: Iterable[Line] | None, subject: str
) -> Finding | None:
    late = [line for line in lines if line.figures.overdue]
    if not late:
        return None
    worst = max(late, key=lambda line: (line.figures.overdue_share or 0, line.figures.overdue))
    before = {line.subject: line.figures for line in earlier or []}.get(worst.subject, Figures())
    key, name = SUBJECTS[subject]
    return Finding(
        question,
        name(worst.subject),
        worst.figures,
        ShareChange(worst.figures.overdue_share, before.overdue_share if asked.before else None, -1),
        asked.link(**{subject: getattr(worst.subject, key), "overdue": 1}),
    )


class AgeTable(NamedTuple):
    heading: str
    chart: AgeChart
    earlier: dict[str, list[int]]


def _by_theme(asked: Asked) -> AgeTable:
    then = asked.then.ages_by_theme if asked.then else {}
    return _age_table(asked, "theme", _("逾期时长：按主题"), asked.now.ages_by_theme, then)


def _by_kind(asked: Asked) -> AgeTable:
    then = asked.then.ages_by_kind if asked.then else {}
    return _age_table(asked, "kind", _("逾期时长：按机构类别"), asked.now.ages_by_kind, then)


def _age_table(
    asked: Asked, subject: str, heading: str, now: Mapping[Any, Counter[int]], then: Mapping[Any, Counter[int]]
) -> AgeTable:
    key, name = SUBJECTS[subject]
    keys = {name(one): getattr(one, key) for one in now}
    chart = age_chart(
        subject,
        {name(one): numbers for one, numbers in now.items()},
        lambda named, between: asked.link(**{subject: keys[named]}, **between),
    )
    earlier = {name(one): [numbers[age] for age in AGES] for one, numbers in then.items()}
    return AgeTable(heading, chart, earlier)
