from __future__ import annotations

import datetime
from typing import Any, Self

from django.apps import apps
from django.db import models
from django.db.models import Case, Count, Exists, F, OuterRef, Q, Subquery, When
from django.db.models.functions import Coalesce

from assessments.asked import COMPLETE, asked
from assessments.enums import RectificationState, ReviewDraftState, SelfAssessmentState, Verdict
from portal.accounts.enums import Permission
from portal.accounts.querysets import BELONG, SUPERVISE, InstitutionRowQuerySet, has_permission_on

S = SelfAssessmentState


class CycleQuerySet(models.QuerySet):
    def visible_to(self, user) -> Self:
        return self.all() if user.is_authenticated else self.none()


class SelfAssessmentQuerySet(InstitutionRowQuerySet):
    def visible_to(self, user, acting=None) -> Self:
        """Drafts are the institution's own; supervisors see what the CIO signed."""
        if not user.is_authenticated:
            return self.none()
        own = Q(has_permission_on("institution", user, BELONG, acting=acting))
        signed = Q(has_permission_on("institution", user, SUPERVISE, acting=acting), signed_at__isnull=False)
        if acting:
            return self.filter(signed if acting.is_supervising else own)
        return self.filter(own | signed)

    def latest_versions(self) -> Self:
        """One row per cycle and institution: the version that counts now."""
        later = self.model._default_manager.filter(
            cycle=OuterRef("cycle"), institution=OuterRef("institution"), version__gt=OuterRef("version")
        )
        return self.filter(~Exists(later))

    def with_standing(self) -> Self:
        """What a supervisor sees of the latest versions: `standing`, and `last_signed`, the id of what can be read.

        A return or a withdrawal has already opened the next draft; until that is handed in, the work stands
        returned or withdrawn.
        """
        versions = self.model._default_manager.filter(cycle=OuterRef("cycle"), institution=OuterRef("institution"))
        before = versions.filter(version=OuterRef("version") - 1).values("state")
        signed = versions.filter(signed_at__isnull=False).order_by("-version").values("pk")
        return self.annotate(
            standing=Case(When(state=S.DRAFT, version__gt=1, then=Subquery(before)), default=F("state")),
            last_signed=Subquery(signed[:1]),
        )

    def with_progress(self) -> Self:
        """Annotate `asked_total` and `answered_total`: the requirements asked, and those answered completely."""
        required = asked(OuterRef("institution"), OuterRef("cycle__plan")).order_by()
        model: Any = self.model
        answers = model.answers.rel.related_model.objects.complete().filter(
            self_assessment=OuterRef(OuterRef("pk")), requirement=OuterRef("pk")
        )
        return self.annotate(asked_total=_count(required), answered_total=_count(required.filter(Exists(answers))))


def _count(rows: models.QuerySet) -> Coalesce:
    counted = rows.values("task__plan").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=models.IntegerField()), 0)


class AnswerQuerySet(models.QuerySet):
    def complete(self) -> Self:
        """What lacks nothing; `assessments.completeness.lacks_of` is the same rule for one answer at hand."""
        of_answer = {name: OuterRef(f"self_assessment__{name}") for name in ("cycle", "institution", "version")}
        unanswered = returns_before(**of_answer).filter(requirement=OuterRef("requirement"))
        return self.filter(COMPLETE, ~Q(reply="") | ~Exists(unanswered))


def returns_before(*, cycle: Any, institution: Any, version: Any) -> models.QuerySet:
    """Why the last return before a version was made, a remark a requirement; values or outer references.

    A withdrawal in between does not settle it: what was said then was never judged.
    """
    versions = apps.get_model("assessments", "SelfAssessment")._default_manager
    returned = versions.filter(
        cycle=_outer(cycle), institution=_outer(institution), version__lt=_outer(version), state=S.RETURNED
    )
    return apps.get_model("assessments", "Remark")._default_manager.filter(
        review__self_assessment=Subquery(returned.order_by("-version").values("pk")[:1]), verdict=Verdict.RETURNED
    )


def _outer(value: Any) -> Any:
    """An outer reference, seen from one query further in."""
    return OuterRef(value) if isinstance(value, OuterRef) else value


class ReviewQuerySet(models.QuerySet):
    def visible_to(self, user, acting=None) -> Self:
        if not user.is_authenticated:
            return self.none()
        return self.filter(
            has_permission_on("submission__assignment__institution", user, BELONG, SUPERVISE, acting=acting)
            | has_permission_on("self_assessment__institution", user, BELONG, SUPERVISE, acting=acting)
        )


class ReviewDraftQuerySet(models.QuerySet):
    def visible_to(self, user, acting=None) -> Self:
        """A draft is its reviewer's alone; a proposal is also read by the lead supervisors of the authority."""
        if not user.is_authenticated:
            return self.none()
        memberships = [acting] if acting else user.active_memberships
        leads = [m.authority_id for m in memberships if m.may(Permission.CONFIRM_REVIEWS)]
        own = Q(reviewer=user, authority__in=[m.authority_id for m in memberships if m.may(Permission.REVIEW)])
        return self.filter(own | Q(authority__in=leads, state=ReviewDraftState.PROPOSED))


class CaseOfficerQuerySet(models.QuerySet):
    def visible_to(self, user, acting=None) -> Self:
        """Who deals with what is the authority's own affair."""
        if not user.is_authenticated:
            return self.none()
        memberships = [acting] if acting else user.active_memberships
        return self.filter(authority__in=[m.authority_id for m in memberships if m.is_supervising])


class DelegationQuerySet(InstitutionRowQuerySet):
    def visible_to(self, user, acting=None) -> Self:
        """How an institution divides its work is its own affair."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(has_permission_on("institution", user, BELONG, acting=acting))


class RectificationQuerySet(InstitutionRowQuerySet):
    def unclosed(self) -> Self:
        return self.exclude(state=RectificationState.CLOSED)

    def overdue(self, today: datetime.date) -> Self:
        """Not answered by the deadline. What waits for verification is not the institution's delay."""
        return self.filter(state=RectificationState.OPEN, deadline__lt=today)


class RectificationStepQuerySet(InstitutionRowQuerySet):
    institution_path = "rectification__institution"
