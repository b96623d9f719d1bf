"""How an answer is valued, by the kind of its requirement."""

from __future__ import annotations

import datetime
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
# What is written beside the value, whatever the kind.
SAID_FIELDS = ("justification", "measure", "measure_owner", "measure_due_on", "reply")


class AnswerDraft(NamedTuple):
    """An answer as typed, and the revision of the answer it was typed over."""

    values: Mapping[str, Any]
    justification: str
    evidence: frozenset[UUID]
    revision: int
    measure: str = ""
    measure_owner: str = ""
    measure_due_on: datetime.date | None = None
    reply: str = ""

    @property
    def fields(self) -> dict[str, Any]:
        """All that is written to the answer's row."""
        return dict(self.values) | {name: getattr(self, name) for name in SAID_FIELDS}


def asked_by(self_assessment: SelfAssessment) -> QuerySet[Requirement]:
    return asked(self_assessment.institution_id, self_assessment.cycle.plan_id).select_related("task__theme")


def values_of(answer: Answer, kind: str) -> dict[str, Any]:
    """The answer's values by field, those of the kind only."""
    return {field: getattr(answer, field) for field in VALUE_FIELDS[RequirementKind(kind)]}


def fields_of(answer: Answer, kind: str) -> dict[str, Any]:
    """What an AnswerDraft of the same content has as its `fields`."""
    return values_of(answer, kind) | {name: getattr(answer, name) for name in SAID_FIELDS}


def has_gap(values: Mapping[str, Any], measures_below: int) -> bool:
    """Whether a planned measure is needed: `asked.GAP` for one answer's values."""
    level = values.get("level")
    if level is not None:
        return level < measures_below
    return values.get("in_place") is False and measures_below > 0
