"""How an answer is valued, by the kind of its requirement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from assessments.asked import asked
from assessments.models import Answer, SelfAssessment
from plan.enums import RequirementKind
from plan.models import Requirement

VALUE_FIELDS: dict[RequirementKind, tuple[str, ...]] = {
    RequirementKind.EVIDENCE: ("in_place",),
    RequirementKind.YES_NO: ("in_place",),
    RequirementKind.MATURITY: ("level",),
    RequirementKind.RATIO: ("numerator", "denominator"),
    RequirementKind.NUMBER: ("number",),
    RequirementKind.DATE: ("date",),
}


class AnswerDraft(NamedTuple):
    """An answer as typed, and the revision of the answer it was typed over."""

    values: Mapping[str, Any]
    justification: str
    evidence: frozenset[UUID]
    revision: int


def asked_by(self_assessment: SelfAssessment) -> QuerySet[Requirement]:
    return asked(self_assessment.institution_id, self_assessment.cycle.plan_id).select_related("task__theme")


def values_of(answer: Answer, kind: str) -> dict[str, Any]:
    """The answer's values by field, those of the kind only."""
    return {field: getattr(answer, field) for field in VALUE_FIELDS[RequirementKind(kind)]}
