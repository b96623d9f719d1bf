"""Red, amber, green and grey: how pressing one assignment is, and how pressing many are together."""

from __future__ import annotations

from collections import Counter
from enum import IntEnum

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from tasks.enums import AssignmentState

S = AssignmentState

RED_ABOVE, AMBER_ABOVE, GREEN_FROM = 10, 20, 90  # percent of what applies

AT_RISK_RULE = _("需关注：未逾期，已退回，或 30 天内到期而尚未签署报送。")
CONDITION_RULE = _(
    "■ 红：已逾期。▲ 黄：已退回，或 30 天内到期而尚未签署报送。✓ 绿：已验收。"
    "○ 未着色：尚未到期，或已报送待审核。– 灰：不适用或没有这项任务。"
)
CONDITIONS_RULE = _(
    "■ 红：逾期超过适用任务的 10%。▲ 黄：有逾期，或退回和 30 天内到期未签署的超过 20%。"
    "✓ 绿：没有逾期且已验收 90% 及以上。○ 未着色：其余。– 灰：没有适用的任务。由上到下取先满足的一条。"
)


class Lateness(IntEnum):
    """How far the deadline is, as `reports.cells.LATENESS` counts it."""

    LATER = 0  # more than 30 days left
    SOON = 1  # 30 days or fewer, today's among them
    DAYS_1_30 = 2
    DAYS_31_90 = 3
    DAYS_91_180 = 4
    DAYS_181 = 5


# Whole days past the deadline, both ends included; the last has no end.
DAYS_LATE: dict[Lateness, tuple[int, int | None]] = {
    Lateness.DAYS_1_30: (1, 30),
    Lateness.DAYS_31_90: (31, 90),
    Lateness.DAYS_91_180: (91, 180),
    Lateness.DAYS_181: (181, None),
}


class Condition(TextChoices):
    """Worst first."""

    OVERDUE = "overdue", _("逾期")
    AT_RISK = "at_risk", _("需关注")
    ON_COURSE = "on_course", _("正常推进")
    DONE = "done", _("已完成")
    NONE = "none", _("无适用任务")


C = Condition


def condition_of(state: str, lateness: int) -> Condition:
    """Of one assignment, by CONDITION_RULE."""
    if state == S.NOT_APPLICABLE:
        return C.NONE
    if state == S.ACCEPTED:
        return C.DONE
    if lateness >= Lateness.DAYS_1_30:
        return C.OVERDUE
    if state == S.RETURNED or (lateness == Lateness.SOON and state != S.SUBMITTED):
        return C.AT_RISK
    return C.ON_COURSE


def condition_among(conditions: Counter[Condition]) -> Condition:
    """Of many assignments together, by CONDITIONS_RULE."""
    applicable = conditions.total() - conditions[C.NONE]
    if not applicable:
        return C.NONE
    overdue, at_risk = conditions[C.OVERDUE], conditions[C.AT_RISK]
    if overdue * 100 > RED_ABOVE * applicable:
        return C.OVERDUE
    if overdue or at_risk * 100 > AMBER_ABOVE * applicable:
        return C.AT_RISK
    if conditions[C.DONE] * 100 >= GREEN_FROM * applicable:
        return C.DONE
    return C.ON_COURSE
