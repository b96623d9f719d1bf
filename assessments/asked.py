"""What a self-assessment asks of an institution."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from plan.enums import PART_LEVELS
from plan.models import Requirement
from tasks.enums import AssignmentState

ASKED_STATES = [state for state in AssignmentState if state != AssignmentState.NOT_APPLICABLE]

# An answer counts when it has a value, whichever its kind has, and says why.
COMPLETE = ~Q(justification="") & (
    Q(in_place__isnull=False)
    | Q(level__isnull=False)
    | Q(denominator__isnull=False)
    | Q(number__isnull=False)
    | Q(date__isnull=False)
)


def asked(institution: Any, plan: Any) -> QuerySet[Requirement]:
    """The requirements of the institution's parts in the plan, in the plan's order; rows, ids or outer references.

    A task that does not apply to the institution asks nothing.
    """
    of_part = Q()
    for part, levels in PART_LEVELS.items():
        of_part |= Q(task__assignments__part=part, level__in=levels)
    return Requirement.objects.filter(
        of_part,
        task__plan=plan,
        task__assignments__institution=institution,
        task__assignments__state__in=ASKED_STATES,
    ).order_by("task__number", "number")
