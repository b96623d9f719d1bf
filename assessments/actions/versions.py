"""The next version of a self-assessment, after one that was returned or withdrawn."""

from __future__ import annotations

from django.db.models import F, OuterRef, Subquery, Value
from django.db.models.functions import Now

from assessments.actions.answers import WRITTEN
from assessments.enums import SelfAssessmentState
from assessments.models import Answer, SelfAssessment
from portal.bulk import insert_select


def open_next_version(before: SelfAssessment) -> SelfAssessment:
    """A draft with the answers and the current evidence of the version before, which stays as it was.

    After a return each reason wants a new reply; what was withdrawn was never judged, so its replies still stand.
    """
    following = SelfAssessment.objects.create(
        cycle=before.cycle, institution=before.institution, version=before.version + 1
    )
    copied = ["requirement", *WRITTEN, "is_carried_over", "revision", "updated_by"]
    reply = F("reply") if before.state == SelfAssessmentState.WITHDRAWN else Value("")
    insert_select(
        Answer,
        ["self_assessment", *copied, "reply", "updated_at"],
        before.answers.values_list(Value(following.pk), *copied, reply, Now()),
    )
    links = Answer.evidence.through
    counterpart = following.answers.filter(requirement=OuterRef("answer__requirement"))
    insert_select(
        links,
        ["answer", "evidence"],
        links.objects.filter(
            answer__self_assessment=before, evidence__withdrawn_at=None, evidence__superseded_at=None
        ).values_list(Subquery(counterpart.values("pk")), "evidence"),
    )
    return following
