"""The rows of one institution that every section of its profile begins with, and where their full lists are."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.urls import reverse

from assessments.models import Rectification, RectificationStep, Review, Score, SelfAssessment
from assessments.querysets import RectificationQuerySet, ScoreQuerySet, SelfAssessmentQuerySet
from assessments.signed import review_url
from plan.models import Plan
from portal.accounts.models import Institution, Membership, User
from tasks.models import Assignment, ChangeRequest, Evidence, Submission, UrgedInstitution
from tasks.querysets import ChangeRequestQuerySet, EvidenceQuerySet, StandingQuerySet, SubmissionQuerySet


@dataclass(frozen=True)
class Seen:
    """An institution as one person sees it in the body acted for. Without a plan in force there is no `plan`."""

    institution: Institution
    user: User
    membership: Membership
    plan: Plan | None
    day: datetime.date

    @property
    def until(self) -> datetime.datetime | None:
        """The moment of which everything tells; None is now."""
        return None

    @property
    def is_supervising(self) -> bool:
        return self.membership.is_supervising

    def _rows(self, model: Any, path: str = "institution") -> Any:
        return model.objects.visible_to(self.user, acting=self.membership).filter(**{path: self.institution})

    @property
    def assignments(self) -> StandingQuerySet:
        return self._rows(Assignment)

    @property
    def submissions(self) -> SubmissionQuerySet:
        return self._rows(Submission, "assignment__institution")

    @property
    def evidence(self) -> EvidenceQuerySet:
        """What supervisors see was signed; the institution's own people see all of it."""
        return self._rows(Evidence).current(self.until)

    @property
    def requests(self) -> ChangeRequestQuerySet:
        return self._rows(ChangeRequest, "assignment__institution")

    @property
    def urged(self) -> QuerySet[UrgedInstitution]:
        return self._rows(UrgedInstitution)

    @property
    def self_assessments(self) -> SelfAssessmentQuerySet:
        return self._rows(SelfAssessment)

    @property
    def rounds(self) -> SelfAssessmentQuerySet:
        """Drafts too, of which a supervisor is told the state and nothing else."""
        if not self.is_supervising:
            return self.self_assessments
        return SelfAssessment.objects.supervised_by(self.user, acting=self.membership).filter(
            institution=self.institution
        )

    @property
    def reviews_of_doing(self) -> QuerySet[Review]:
        return self._rows(Review, "submission__assignment__institution")

    @property
    def reviews_of_judging(self) -> QuerySet[Review]:
        return self._rows(Review, "self_assessment__institution")

    @property
    def rectifications(self) -> RectificationQuerySet:
        return self._rows(Rectification).select_related("authority")

    def unclosed(self, limit: int) -> list[Rectification]:
        """The first by deadline."""
        return list(self.rectifications.unclosed().order_by("deadline", "pk")[:limit])

    def rectification_tally(self) -> dict[str, int]:
        return self.rectifications.tally(self.day, self.membership.authority)

    @property
    def rectification_steps(self) -> QuerySet[RectificationStep]:
        return self._rows(RectificationStep, "rectification__institution")

    @property
    def scores_of_scope(self) -> ScoreQuerySet:
        """Whole scores of every institution that the reader sees."""
        return Score.objects.visible_to(self.user, acting=self.membership).whole()

    def as_they_stood(self, assignments: list[Assignment]) -> dict[int, Assignment]:
        """By id."""
        return {assignment.pk: assignment for assignment in assignments}

    def listed(self, name: str, **filters: object) -> str:
        """The full list; empty where there is none of that day."""
        return self._address(name, **filters)

    def _address(self, name: str, **filters: object) -> str:
        """Of a scope narrowed to the institution, or the institution's own."""
        if self.is_supervising:
            filters["institution"] = self.institution.pk
        return f"{reverse(name)}?{urlencode(filters)}".rstrip("?")

    def tasks_url(self, **filters: object) -> str:
        plan = {"plan": self.plan.slug} if self.plan else {}
        return self._address("tasks:list", **plan, **filters)

    def signed_url(self, signed: Submission | SelfAssessment) -> str:
        """Where the reader finds something signed, with what was said of it."""
        if self.is_supervising:
            return review_url(signed)
        owner = signed.assignment if isinstance(signed, Submission) else signed
        return owner.get_absolute_url()
