"""What was said of earlier versions: shown where the work is, and beside the version under review."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse

from assessments.enums import SelfAssessmentState, Verdict
from assessments.models import Cycle, Remark, Review, SelfAssessment
from portal.accounts.models import User
from tasks.enums import AssignmentState
from tasks.models import Assignment, Submission


@dataclass(frozen=True)
class Version:
    """One version of the same work. `url` shows it; `state` is its own, whatever became of later ones."""

    pk: int
    number: int
    state: str
    signed_at: datetime.datetime | None
    signed_by: User | None
    review: Review | None
    url: str


def versions_of(self_assessment: SelfAssessment, url_name: str) -> list[Version]:
    """All versions of the institution's self-assessment in the cycle, the newest first."""
    rows = (
        SelfAssessment.objects.filter(cycle=self_assessment.cycle_id, institution=self_assessment.institution_id)
        .select_related("signed_by", "review__authority", "review__reviewer")
        .defer("content")
        .order_by("-version")
    )
    return [
        Version(
            row.pk,
            row.version,
            row.state,
            row.signed_at,
            row.signed_by,
            getattr(row, "review", None),
            reverse(url_name, args=[row.pk]),
        )
        for row in rows
    ]


def submissions_of(assignment: Assignment) -> list[Version]:
    """All submissions of an assignment, the newest first."""
    rows = (
        assignment.submissions.select_related("signed_by", "review__authority", "review__reviewer")
        .defer("content")
        .order_by("-number")
    )
    return [
        Version(
            row.pk,
            row.number,
            row.review.verdict if hasattr(row, "review") else AssignmentState.SUBMITTED,
            row.signed_at,
            row.signed_by,
            getattr(row, "review", None),
            reverse("assessments:review_submission", args=[row.pk]),
        )
        for row in rows
    ]


def reasons_before(signed: SelfAssessment | Submission) -> dict[int, list[Remark]]:
    """Why earlier versions of the same work were returned, by requirement id, the newest first."""
    if isinstance(signed, SelfAssessment):
        reviews = Review.objects.filter(
            self_assessment__cycle=signed.cycle_id,
            self_assessment__institution=signed.institution_id,
            self_assessment__version__lt=signed.version,
        )
    else:
        reviews = Review.objects.filter(
            submission__assignment=signed.assignment_id, submission__number__lt=signed.number
        )
    return _by_requirement(reviews)


def awaiting_reply(self_assessment: SelfAssessment) -> set[int]:
    """The requirements for which the last return of an earlier version gave a reason, by id: each needs a reply."""
    if self_assessment.version == 1:
        return set()
    last = Review.objects.filter(
        self_assessment__cycle=self_assessment.cycle_id,
        self_assessment__institution=self_assessment.institution_id,
        self_assessment__version__lt=self_assessment.version,
        verdict=Verdict.RETURNED,
    ).order_by("-self_assessment__version")
    reasons = Remark.objects.filter(review=last.values("pk")[:1], verdict=Verdict.RETURNED)
    return set(reasons.values_list("requirement", flat=True))


def carried_over_from(self_assessment: SelfAssessment) -> Cycle | None:
    """The round whose accepted self-assessment is the latest before this one's."""
    accepted = SelfAssessment.objects.filter(
        cycle__plan=self_assessment.cycle.plan_id,
        cycle__period_ends_on__lt=self_assessment.cycle.period_ends_on,
        institution=self_assessment.institution_id,
        state=SelfAssessmentState.ACCEPTED,
    )
    last = accepted.select_related("cycle").defer("content").order_by("-cycle__period_ends_on", "-version").first()
    return last.cycle if last else None


def reasons_given(review: Review | None) -> dict[int, list[Remark]]:
    return _by_requirement([review]) if review else {}


def _by_requirement(reviews: Iterable[Review]) -> dict[int, list[Remark]]:
    reasons = (
        Remark.objects.filter(review__in=reviews)
        .select_related("review__authority", "review__submission", "review__self_assessment")
        .order_by("-review__created_at")
    )
    found: dict[int, list[Remark]] = {}
    for reason in reasons:
        found.setdefault(reason.requirement_id, []).append(reason)
    return found
