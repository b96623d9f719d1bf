"""What was said of earlier versions: shown where the work is, and beside the version under review."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from django.db.models import QuerySet
from django.urls import reverse

from assessments.enums import SelfAssessmentState, Verdict
from assessments.models import Remark, Review, SelfAssessment
from portal.accounts.models import Membership, User
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
    return _by_requirement(_remarks_before(signed).filter(verdict=Verdict.RETURNED))


def remarks_before(signed: SelfAssessment | Submission) -> dict[int, list[Remark]]:
    """What was said of earlier versions, of accepted requirements too, by requirement id, the newest first."""
    return _by_requirement(_remarks_before(signed).exclude(text=""))


def remarks_given(review: Review | None) -> dict[int, list[Remark]]:
    """What a review says of each requirement; an acceptance may say no more than that."""
    return _by_requirement(Remark.objects.filter(review=review)) if review else {}


def _remarks_before(signed: SelfAssessment | Submission) -> QuerySet[Remark]:
    if isinstance(signed, SelfAssessment):
        return Remark.objects.filter(
            review__self_assessment__cycle=signed.cycle_id,
            review__self_assessment__institution=signed.institution_id,
            review__self_assessment__version__lt=signed.version,
        )
    return Remark.objects.filter(
        review__submission__assignment=signed.assignment_id, review__submission__number__lt=signed.number
    )


def _by_requirement(remarks: QuerySet[Remark]) -> dict[int, list[Remark]]:
    rows = (
        remarks.select_related("review__authority", "review__submission", "review__self_assessment")
        .defer("review__submission__content", "review__self_assessment__content")
        .order_by("-review__created_at")
    )
    found: dict[int, list[Remark]] = {}
    for remark in rows:
        found.setdefault(remark.requirement_id, []).append(remark)
    return found


def work_before(
    signed: SelfAssessment | Submission, user: User, acting: Membership
) -> SelfAssessment | Submission | None:
    """What an answer is compared with: the last accepted self-assessment of an earlier cycle of the plan, or the
    submission before."""
    if isinstance(signed, Submission):
        earlier = Submission.objects.visible_to(user, acting).filter(assignment=signed.assignment_id)
        return earlier.filter(number__lt=signed.number).order_by("-number").first()
    accepted = SelfAssessment.objects.visible_to(user, acting).filter(
        institution=signed.institution_id,
        cycle__plan=signed.cycle.plan_id,
        cycle__period_ends_on__lt=signed.cycle.period_ends_on,
        state=SelfAssessmentState.ACCEPTED,
    )
    return accepted.select_related("cycle").order_by("-cycle__period_ends_on", "-version").first()
