"""What a self-assessment asks of an institution."""

from __future__ import annotations

from typing import Any

from django.db.models import F, Q, QuerySet

from plan.enums import PART_LEVELS
from plan.models import Requirement
from tasks.enums import AssignmentState

ASKED_STATES = [state for state in AssignmentState if state != AssignmentState.NOT_APPLICABLE]

# Of answers: where a gap remains, by the level that the plan sets.
MEASURES_BELOW = "requirement__task__plan__measures_below"
GAP = (Q(in_place=False) & Q(**{f"{MEASURES_BELOW}__gt": 0})) | Q(level__lt=F(MEASURES_BELOW))
NO_GAP = (
    Q(in_place=True)
    | Q(**{"in_place": False, MEASURES_BELOW: 0})
    | Q(level__gte=F(MEASURES_BELOW))
    | Q(denominator__isnull=False)
    | Q(number__isnull=False)
    | Q(date__isnull=False)
)
HAS_MEASURE = ~Q(measure="") & ~Q(measure_owner="") & Q(measure_due_on__isnull=False)

# An answer counts when it has a value, whichever its kind has, and says why; when somebody stands behind it,
# where it was carried over; and when a measure is planned, where a gap remains.
COMPLETE = ~Q(justification="") & Q(is_carried_over=False) & (NO_GAP | (GAP & HAS_MEASURE))


def asked(institution: Any, plan: Any) -> QuerySet[Requirement]:
    """The requirements of the institution's parts in the plan, in the plan's order; rows, ids or outer references.

    A task that does not apply to the institution asks nothing.
    """
    return Requirement.objects.filter(
        of_part(),
        task__plan=plan,
        task__assignments__institution=institution,
        task__assignments__state__in=ASKED_STATES,
    ).order_by("task__number", "number")


def of_part(path: str = "") -> Q:
    """Of requirements at the end of that path: what the part of the assignment answers."""
    condition = Q()
    for part, levels in PART_LEVELS.items():
        condition |= Q(**{f"{path}task__assignments__part": part, f"{path}level__in": levels})
    return condition
