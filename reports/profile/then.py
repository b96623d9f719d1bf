"""The rows of one institution as they were known at the end of a past day, from recorded facts and times."""

from __future__ import annotations

import datetime
from functools import cached_property

from django.db.models import Prefetch, Q, QuerySet

from assessments.enums import RectificationState, StepKind
from assessments.models import Rectification, RectificationStep, Review
from assessments.querysets import RectificationQuerySet, SelfAssessmentQuerySet
from portal.days import end_of
from reports.profile.seen import Seen
from tasks.models import Assignment, AssignmentChange, UrgedInstitution
from tasks.past import AT, as_it_was
from tasks.querysets import AssignmentChangeQuerySet, ChangeRequestQuerySet, EvidenceQuerySet, SubmissionQuerySet

R = RectificationState
STEPPED_TO = {
    StepKind.OPENED: R.OPEN,
    StepKind.ANSWERED: R.UNVERIFIED,
    StepKind.REOPENED: R.OPEN,
    StepKind.CLOSED: R.CLOSED,
}


class SeenThen(Seen):
    """An institution as one person, with the rights of today, sees it as at a past day."""

    @property
    def until(self) -> datetime.datetime:
        return end_of(self.day)

    @property
    def assignments(self) -> AssignmentChangeQuerySet:
        return self._rows(AssignmentChange).last_by(self.day)

    @property
    def submissions(self) -> SubmissionQuerySet:
        return super().submissions.filter(signed_at__lt=self.until)

    @property
    def evidence(self) -> EvidenceQuerySet:
        rows = super().evidence
        return rows.filter(frozen_at__lt=self.until) if self.is_supervising else rows

    @property
    def requests(self) -> ChangeRequestQuerySet:
        return super().requests.filter(requested_at__lt=self.until)

    @property
    def urged(self) -> QuerySet[UrgedInstitution]:
        return super().urged.filter(urging__created_at__lt=self.until)

    @property
    def rounds(self) -> SelfAssessmentQuerySet:
        return super().rounds.filter(created_at__lt=self.until)

    @property
    def reviews_of_doing(self) -> QuerySet[Review]:
        return super().reviews_of_doing.filter(created_at__lt=self.until)

    @property
    def reviews_of_judging(self) -> QuerySet[Review]:
        return super().reviews_of_judging.filter(created_at__lt=self.until)

    @property
    def rectifications(self) -> RectificationQuerySet:
        return super().rectifications.filter(opened_at__lt=self.until)

    @property
    def rectification_steps(self) -> QuerySet[RectificationStep]:
        return super().rectification_steps.filter(at__lt=self.until)

    @cached_property
    def _unclosed(self) -> list[Rectification]:
        """By the steps that had been taken; a closing that still holds is the last."""
        rows = self.rectifications.exclude(Q(state=R.CLOSED) & Q(closed_at__lt=self.until))
        steps = RectificationStep.objects.filter(at__lt=self.until).order_by("at", "pk")
        found = [_as_it_was(row) for row in rows.prefetch_related(Prefetch("steps", steps))]
        return sorted((row for row in found if row.state != R.CLOSED), key=lambda row: (row.deadline, row.pk))

    def unclosed(self, limit: int) -> list[Rectification]:
        return self._unclosed[:limit]

    def rectification_tally(self) -> dict[str, int]:
        still_open = [row for row in self._unclosed if row.state == R.OPEN]
        return {"open": len(still_open), "overdue": sum(row.deadline < self.day for row in still_open)}

    def as_they_stood(self, assignments: list[Assignment]) -> dict[int, Assignment]:
        facts = self.assignments.filter(assignment__in=assignments).select_related("assignment")
        return {fact.assignment_id: as_it_was(fact, self.day) for fact in facts}

    def listed(self, name: str, **filters: object) -> str:
        """Other lists than that of assignments have no past."""
        return ""

    def tasks_url(self, **filters: object) -> str:
        return super().tasks_url(**filters, **{AT: self.day})


def _as_it_was(row: Rectification) -> Rectification:
    """As the steps that are at hand left it; without any it was open."""
    row.state = R.OPEN
    for step in row.steps.all():
        row.state, row.deadline = STEPPED_TO.get(StepKind(step.kind), row.state), step.deadline
    return row
