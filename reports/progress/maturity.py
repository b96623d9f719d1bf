"""How mature institutions say they are: the levels they gave, by theme."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from assessments.models import Answer, Cycle
from assessments.querysets import SelfAssessmentQuerySet
from plan.enums import RequirementKind
from plan.models import Plan, Requirement, Task, Theme
from portal.days import end_of

MATURITY_RULE = _(
    "每家机构取所选周期内截至当日最近签署且当时未撤回的自评，统计其中成熟度类要求的等级（0 至 5 级）；"
    "平均等级为各项等级的算术平均，四舍五入保留一位小数。是否类、比例、数值和日期类要求不计入。"
)

# The last row, without theme and level, holds how many institutions there are.
LEVELS = """
    WITH latest (id) AS MATERIALIZED ({latest})
    SELECT task.theme_id, answer.level, count(*)
    FROM latest
    JOIN assessments_answer answer ON answer.self_assessment_id = latest.id
    JOIN plan_requirement requirement ON requirement.id = answer.requirement_id
    JOIN plan_task task ON task.id = requirement.task_id
    WHERE answer.level IS NOT NULL AND task.theme_id = ANY(%s)
    GROUP BY task.theme_id, answer.level
    UNION ALL
    SELECT NULL, NULL, count(*) FROM latest
"""


@dataclass(frozen=True)
class Maturity:
    """How many answers of a cycle gave each level, by theme, as signed by the end of a day."""

    cycle: Cycle
    day: datetime.date
    institutions: int
    levels: dict[Theme, Counter[int]]

    @property
    def whole(self) -> Counter[int]:
        return sum(self.levels.values(), Counter())


def mean_level(levels: Counter[int]) -> Decimal | None:
    """One decimal, half up; None without an answer."""
    if not (answers := levels.total()):
        return None
    total = sum(level * number for level, number in levels.items())
    return (Decimal(total) / answers).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)


def cycle_by(rows: SelfAssessmentQuerySet, *, plan: Plan, day: datetime.date) -> Cycle | None:
    """The latest cycle of the plan in which anything was signed by the end of the day."""
    signed = rows.signed(end_of(day)).filter(cycle=OuterRef("pk")).order_by()
    return Cycle.objects.filter(Exists(signed), plan=plan, opens_on__lte=day).order_by("-period_ends_on").first()


def maturity(
    rows: SelfAssessmentQuerySet,
    *,
    cycle: Cycle,
    day: datetime.date,
    themes: Sequence[Theme],
) -> Maturity:
    """Of self-assessments that the reader sees, in one query; `themes` are those of the plan asked for."""
    levels: dict[int, Counter[int]] = {theme.pk: Counter() for theme in themes}
    latest = _latest(rows, cycle, day)
    institutions = 0
    for theme, level, number in _counted(latest, list(levels)):
        if theme is None:
            institutions = number
        else:
            levels[theme][level] = number
    return Maturity(cycle, day, institutions, {theme: levels[theme.pk] for theme in themes})


class RatedRequirement(NamedTuple):
    """How many institutions gave each level."""

    requirement: Requirement
    levels: Counter[int]


def levels_of(rows: SelfAssessmentQuerySet, *, cycle: Cycle, task: Task, day: datetime.date) -> list[RatedRequirement]:
    """The levels given to a task's requirements by the end of the day, in two queries; by MATURITY_RULE."""
    latest = _latest(rows, cycle, day)
    answers = Answer.objects.filter(self_assessment__in=latest, requirement__task=task, level__isnull=False)
    levels: dict[int, Counter[int]] = {}
    for requirement, level, number in answers.order_by().values_list("requirement", "level").annotate(Count("pk")):
        levels.setdefault(requirement, Counter())[level] = number
    asked = Requirement.objects.filter(task=task, kind=RequirementKind.MATURITY).select_related("task")
    return [RatedRequirement(row, levels.get(row.pk, Counter())) for row in asked.order_by("number")]


def _latest(rows: SelfAssessmentQuerySet, cycle: Cycle, day: datetime.date) -> QuerySet:
    """What each institution signed last."""
    signed = rows.signed(end_of(day)).filter(cycle=cycle)
    return signed.order_by("institution_id", "-version").distinct("institution_id").values("pk")


def _counted(latest: QuerySet, themes: list[int]) -> list[tuple]:
    try:
        sql, parameters = latest.query.sql_with_params()
    except EmptyResultSet:
        return []
    with connection.cursor() as cursor:
        cursor.execute(LEVELS.format(latest=sql), [*parameters, themes])
        return cursor.fetchall()
