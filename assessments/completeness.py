"""Whether a self-assessment may be handed in, and what it still lacks."""

from __future__ import annotations

from django.db.models import Exists, OuterRef

from assessments.answers import asked_by
from assessments.asked import COMPLETE
from assessments.models import Answer, SelfAssessment
from plan.enums import Binding
from plan.models import Requirement


def missing(self_assessment: SelfAssessment) -> list[Requirement]:
    """The mandatory requirements that still lack a value or a justification."""
    complete = Answer.objects.filter(COMPLETE, self_assessment=self_assessment, requirement=OuterRef("pk"))
    return list(asked_by(self_assessment).filter(~Exists(complete), binding=Binding.MANDATORY))
