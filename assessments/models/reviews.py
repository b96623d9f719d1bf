"""What a supervisor says of signed work: the review, its drafts, and who deals with the case."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assessments.enums import ReviewDraftState, SelfAssessmentState, Verdict
from assessments.models.cycles import Cycle, SelfAssessment
from assessments.querysets import CaseOfficerQuerySet, ReviewDraftQuerySet, ReviewQuerySet
from assessments.remarks import Judgement, RemarkGiven, from_json
from portal.text_search import Bigrams


class Review(models.Model):
    """A supervisor's verdict on one submission or one self-assessment, sent and final.

    Where the plan asks for a second review, `proposed_by` is whose proposal `reviewer` confirmed.
    """

    submission = models.OneToOneField(
        "tasks.Submission", null=True, blank=True, on_delete=models.PROTECT, related_name="review"
    )
    self_assessment = models.OneToOneField(
        SelfAssessment, null=True, blank=True, on_delete=models.PROTECT, related_name="review"
    )
    authority = models.ForeignKey("accounts.Authority", on_delete=models.PROTECT, related_name="reviews")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    comment = models.TextField(_("总体意见"), blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                name="review_of_exactly_one",
                condition=Q(submission__isnull=False, self_assessment__isnull=True)
                | Q(submission__isnull=True, self_assessment__isnull=False),
            ),
            models.CheckConstraint(name="review_verdict_known", condition=Q(verdict__in=Verdict.values)),
            models.CheckConstraint(name="review_by_two", condition=~Q(proposed_by=models.F("reviewer"))),
        ]
        indexes = [
            GinIndex(Bigrams("comment"), name="review_words"),
            models.Index(fields=["created_at"], name="review_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.get_verdict_display()} {self.submission or self.self_assessment}"

    @property
    def outcome(self) -> str:
        """What the work is now, in words; the verdict's own words name the act."""
        return SelfAssessmentState(self.verdict).label

    @property
    def version(self) -> int:
        """The number of the version that was judged."""
        return self.submission.number if self.submission else self.self_assessment.version

    @property
    def reasons(self) -> list[Remark]:
        """Why requirements were returned; prefetch `remarks__requirement__task` with lists."""
        return [remark for remark in self.remarks.all() if remark.verdict == Verdict.RETURNED]

    @property
    def comments(self) -> list[Remark]:
        """What was said of requirements that were not returned."""
        return [remark for remark in self.remarks.all() if remark.verdict == Verdict.ACCEPTED and remark.text]


class Remark(models.Model):
    """What a review says of one requirement. A return says why; an acceptance may say something, too."""

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="remarks")
    requirement = models.ForeignKey("plan.Requirement", on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=10, choices=Verdict.choices, default=Verdict.RETURNED)
    text = models.TextField(_("意见"), blank=True)

    class Meta:
        ordering = ["requirement__task__number", "requirement__number"]
        indexes = [GinIndex(Bigrams("text"), name="remark_words")]
        constraints = [
            models.UniqueConstraint(fields=["review", "requirement"], name="remark_once_per_requirement"),
            models.CheckConstraint(name="remark_verdict_known", condition=Q(verdict__in=Verdict.values)),
            models.CheckConstraint(name="remark_return_says_why", condition=Q(verdict=Verdict.ACCEPTED) | ~Q(text="")),
        ]

    def __str__(self) -> str:
        return f"{self.review_id}/{self.requirement_id}"


class ReviewDraft(models.Model):
    """What a reviewer has written so far, private until it is sent.

    `remarks` holds {"verdict", "text"} by requirement id, as typed. Where the plan asks for a second review, the
    reviewer proposes: the draft then stands still, and the lead supervisors of the authority read it.
    """

    submission = models.ForeignKey(
        "tasks.Submission", null=True, blank=True, on_delete=models.PROTECT, related_name="review_drafts"
    )
    self_assessment = models.ForeignKey(
        SelfAssessment, null=True, blank=True, on_delete=models.PROTECT, related_name="review_drafts"
    )
    authority = models.ForeignKey("accounts.Authority", on_delete=models.PROTECT, related_name="+")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=ReviewDraftState.choices, default=ReviewDraftState.DRAFT)
    verdict = models.CharField(max_length=10, choices=Verdict.choices, blank=True)
    comment = models.TextField(_("总体意见"), blank=True)
    remarks = models.JSONField(default=dict, blank=True)
    revision = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(default=timezone.now)
    proposed_at = models.DateTimeField(null=True, blank=True)
    recalled_at = models.DateTimeField(null=True, blank=True)
    declined_at = models.DateTimeField(null=True, blank=True)
    declined_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    declined_reason = models.TextField(_("不同意的理由"), blank=True)

    objects = ReviewDraftQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="review_draft_of_exactly_one",
                condition=Q(submission__isnull=False, self_assessment__isnull=True)
                | Q(submission__isnull=True, self_assessment__isnull=False),
            ),
            models.UniqueConstraint(fields=["submission", "reviewer"], name="review_draft_of_submission_once"),
            models.UniqueConstraint(
                fields=["self_assessment", "reviewer"], name="review_draft_of_self_assessment_once"
            ),
            models.UniqueConstraint(
                fields=["submission"],
                condition=Q(state=ReviewDraftState.PROPOSED),
                name="review_proposal_of_submission_once",
            ),
            models.UniqueConstraint(
                fields=["self_assessment"],
                condition=Q(state=ReviewDraftState.PROPOSED),
                name="review_proposal_of_self_assessment_once",
            ),
            models.CheckConstraint(
                name="review_proposal_has_verdict_and_time",
                condition=Q(state=ReviewDraftState.DRAFT) | Q(proposed_at__isnull=False, verdict__in=Verdict.values),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reviewer} {self.signed}"

    def get_absolute_url(self) -> str:
        """The page of what it is about: the draft is shown there."""
        if self.submission_id:
            return reverse("assessments:review_submission", args=[self.submission_id])
        return reverse("assessments:review_self_assessment", args=[self.self_assessment_id])

    @property
    def is_proposed(self) -> bool:
        return self.state == ReviewDraftState.PROPOSED

    @property
    def given(self) -> dict[int, RemarkGiven]:
        """What is said of each requirement, by its id."""
        return from_json(self.remarks)

    @property
    def judgement(self) -> Judgement:
        """What a proposal wants to be sent."""
        return Judgement(Verdict(self.verdict), self.comment, self.given)

    @property
    def signed(self):
        """The submission or self-assessment it is about."""
        return self.submission or self.self_assessment

    @property
    def institution(self):
        return self.signed.institution


class CaseOfficer(models.Model):
    """Who in an authority deals with an institution's task, or with its self-assessment in a cycle (经办人).

    It is about the work and not one version of it, so the next version comes back to the same desk.
    """

    authority = models.ForeignKey("accounts.Authority", on_delete=models.PROTECT, related_name="+")
    institution = models.ForeignKey("accounts.Institution", on_delete=models.PROTECT, related_name="+")
    assignment = models.ForeignKey(
        "tasks.Assignment", null=True, blank=True, on_delete=models.PROTECT, related_name="case_officers"
    )
    cycle = models.ForeignKey(Cycle, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    officer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="cases")
    assigned_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    assigned_at = models.DateTimeField(default=timezone.now)

    objects = CaseOfficerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="case_of_exactly_one",
                condition=Q(assignment__isnull=False, cycle__isnull=True)
                | Q(assignment__isnull=True, cycle__isnull=False),
            ),
            models.UniqueConstraint(fields=["authority", "assignment"], name="case_officer_of_assignment_once"),
            models.UniqueConstraint(
                fields=["authority", "cycle", "institution"], name="case_officer_of_self_assessment_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.officer} · {self.institution}"
