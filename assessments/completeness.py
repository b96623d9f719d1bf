"""What of a self-assessment is answered completely, and what it still lacks before it may be handed in."""

from __future__ import annotations

from django.db.models import Exists, OuterRef

from assessments.answers import asked_by
from assessments.asked import COMPLETE
from assessments.models import Answer, SelfAssessment
from plan.enums import Binding
from plan.models import Requirement


def completely_answered(self_assessment: SelfAssessment) -> frozenset[int]:
    """The ids of the requirements that pages call answered; `with_progress` counts the same in SQL."""
    complete = Answer.objects.filter(COMPLETE, self_assessment=self_assessment)
    return frozenset(complete.values_list("requirement", flat=True))


def missing(self_assessment: SelfAssessment) -> list[Requirement]:
    """The mandatory requirements that still lack a value or a justification."""
    complete = Answer.objects.filter(COMPLETE, self_assessment=self_assessment, requirement=OuterRef("pk"))
    return list(asked_by(self_assessment).filter(~Exists(complete), binding=Binding.MANDATORY))
