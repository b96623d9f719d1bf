"""What a self-assessment comes to: of each requirement, task and theme, and as a whole. Defined here and nowhere else.

Scores follow from the content that is signed (`assessments/content.py`), or that would be, and from nothing beside
it. Inside, they are fractions, so that no order of adding up and no rounding on the way changes a result.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from plan.enums import Binding, RequirementKind

HIGHEST = Fraction(5)
LOWEST = Fraction(0)
STORED_PLACES = 4
REPORTED_KINDS = frozenset({RequirementKind.RATIO, RequirementKind.NUMBER, RequirementKind.DATE})

SCORE_RULE = _(
    "得分为 0 至 5 分，满分 5 分。成熟度按等级计分；证明材料类和是否类要求，到位（是）计 5 分，否则计 0 分；"
    "比例、数值、日期类要求只填报，不评分（计划未设目标值）。计分的必选要求未填写计 0 分，鼓励要求未填写不计入。"
    "认定不适用的任务不评估，也不计入。任务得分是其计分要求的加权平均；主题得分和总分是任务得分按任务权重的加权平均，"
    "没有计分要求的任务不计入。计算过程不舍入，显示时四舍五入保留一位小数。"
)


class Treatment(TextChoices):
    """How a requirement enters its task's score."""

    RATED = "rated", _("计分")
    UNANSWERED = "unanswered", _("必选要求未填写，计 0 分")
    LEFT_OUT = "left_out", _("鼓励要求未填写，不计入")
    REPORTED = "reported", _("只填报，不评分")


@dataclass(frozen=True)
class Mean:
    """A weighted mean, and the two sums that it is the quotient of."""

    total: Fraction = LOWEST
    weight: Fraction = LOWEST

    @property
    def value(self) -> Fraction | None:
        """None when nothing was rated."""
        return self.total / self.weight if self.weight else None

    @classmethod
    def of(cls, parts: Iterable[tuple[Fraction | None, Fraction]]) -> Mean:
        """Of values with their weights; what has no value is left out, with its weight."""
        rated = [(value, weight) for value, weight in parts if value is not None]
        return cls(sum((v * w for v, w in rated), LOWEST), sum((w for _v, w in rated), LOWEST))


@dataclass(frozen=True)
class RequirementScore:
    reference: str
    weight: Fraction
    value: Fraction | None
    treatment: Treatment


@dataclass(frozen=True)
class TaskScore:
    """`theme` is the theme's number; None in content that names none."""

    number: int
    theme: int | None
    weight: Fraction
    requirements: list[RequirementScore]

    @cached_property
    def mean(self) -> Mean:
        return Mean.of((requirement.value, requirement.weight) for requirement in self.requirements)

    @property
    def value(self) -> Fraction | None:
        return self.mean.value


@dataclass(frozen=True)
class Scores:
    tasks: list[TaskScore]

    @cached_property
    def whole(self) -> Mean:
        return _mean_of(self.tasks)

    @cached_property
    def themes(self) -> dict[int, Mean]:
        """By the theme's number, in the order of the content; also a theme in which nothing was rated."""
        numbers = dict.fromkeys(task.theme for task in self.tasks if task.theme is not None)
        return {number: _mean_of(task for task in self.tasks if task.theme == number) for number in numbers}


def _mean_of(tasks: Iterable[TaskScore]) -> Mean:
    return Mean.of((task.value, task.weight) for task in tasks)


def scores_of(content: Mapping[str, Any], themes: Mapping[int, int] | None = None) -> Scores:
    """The scores of a self-assessment's content.

    What was signed before content held them has the plan's defaults: weight 1, mandatory. `themes` gives the
    number of the theme for each such task's number.
    """
    known = themes or {}
    return Scores(
        [
            TaskScore(
                number=task["number"],
                theme=task.get("theme", known.get(task["number"])),
                weight=_weight(task),
                requirements=[_requirement(entry) for entry in task["requirements"]],
            )
            for task in content["tasks"]
        ]
    )


def _requirement(entry: Mapping[str, Any]) -> RequirementScore:
    value, treatment = _rated(entry)
    return RequirementScore(entry["reference"], _weight(entry), value, treatment)


def _rated(entry: Mapping[str, Any]) -> tuple[Fraction | None, Treatment]:
    if entry["kind"] in REPORTED_KINDS:
        return None, Treatment.REPORTED
    answer = entry["answer"]
    if not answer:
        if entry.get("binding", Binding.MANDATORY) == Binding.ENCOURAGED:
            return None, Treatment.LEFT_OUT
        return LOWEST, Treatment.UNANSWERED
    if entry["kind"] == RequirementKind.MATURITY:
        return Fraction(answer["level"]), Treatment.RATED
    return HIGHEST if answer["in_place"] else LOWEST, Treatment.RATED


def _weight(part: Mapping[str, Any]) -> Fraction:
    return _fraction(str(part.get("weight", 1)))


@lru_cache(maxsize=1024)
def _fraction(text: str) -> Fraction:
    return Fraction(text)


def stored(value: Fraction) -> Decimal:
    """Cut to four places, not rounded: rounding that to one place then gives what rounding the exact value gives."""
    return Decimal(math.floor(value * 10**STORED_PLACES)).scaleb(-STORED_PLACES)


def in_words(value: Fraction | Decimal | None) -> str:
    """As it is printed: one decimal, half up; a dash where nothing was rated."""
    return "–" if value is None else str(rounded(value))


def rounded(value: Fraction | Decimal) -> Decimal:
    """To one decimal, half up, below zero too."""
    return Decimal(math.floor(Fraction(value) * 10 + Fraction(1, 2))).scaleb(-1)
