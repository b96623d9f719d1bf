from __future__ import annotations

import datetime
from typing import Any, Self

from django.apps import apps
from django.db import models
from django.db.models import Case, Count, Exists, F, Func, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Cast, Coalesce, Concat

from assessments.asked import COMPLETE, asked
from assessments.enums import ESCALATED_AFTER, RectificationState, ReviewDraftState, SelfAssessmentState, Verdict
from plan.models import Requirement
from portal.accounts.enums import REVIEWING_ROLES, Permission
from portal.accounts.querysets import BELONG, SUPERVISE, InstitutionRowQuerySet, has_permission_on
from tasks.enums import AssignmentState

S = SelfAssessmentState
OF_SUBMISSION, OF_SELF_ASSESSMENT = "submission__assignment__institution", "self_assessment__institution"
HOLDS = (S.SUBMITTED, S.ACCEPTED)  # what an institution signed, and nobody returned or took back


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

    def signed(self, until: datetime.datetime | None = None) -> Self:
        """Signed and not withdrawn, now or at the moment `until`."""
        if until is None:
            return self.filter(signed_at__isnull=False, withdrawn_at=None)
        return self.filter(Q(withdrawn_at=None) | Q(withdrawn_at__gte=until), signed_at__lt=until)

    def last_accepted(self, plan: Any) -> Self:
        """The last accepted one of each institution in the plan's cycles: what the next one begins with."""
        accepted = self.filter(cycle__plan=plan, state=S.ACCEPTED)
        by_period = accepted.order_by("institution_id", "-cycle__period_ends_on", "-version", "-pk")
        return by_period.distinct("institution_id")

    def latest_versions(self, until: datetime.datetime | None = None) -> Self:
        """One row per cycle and institution: the version that counts now, or counted at the moment `until`."""
        later = self.model._default_manager.filter(
            cycle=OuterRef("cycle"), institution=OuterRef("institution"), version__gt=OuterRef("version")
        )
        if until is None:
            return self.filter(~Exists(later))
        return self.filter(~Exists(later.filter(created_at__lt=until)), created_at__lt=until)

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
        """Annotate `asked_total` and `answered_total`: the requirements asked, and those answered completely.

        A draft asks what applies now, a signed version what was signed, whatever became not applicable since.
        """
        model: Any = self.model
        answers = model.answers.rel.related_model.objects.complete().filter(
            self_assessment=OuterRef(OuterRef("pk")), requirement=OuterRef("pk")
        )
        in_draft = asked(OuterRef("institution"), OuterRef("cycle__plan")).order_by()
        in_content = _in_content(OuterRef("content"), OuterRef("cycle__plan"))
        return self.annotate(
            asked_total=Case(When(signed_at=None, then=_count(in_draft)), default=_count(in_content)),
            answered_total=Case(
                When(signed_at=None, then=_count(in_draft.filter(Exists(answers)))),
                default=_count(in_content.filter(Exists(answers))),
            ),
        )

    def with_score(self) -> Self:
        """Annotate `score`: what a signed version comes to as a whole; None before, and where nothing was rated."""
        model: Any = self.model
        whole = model.scores.rel.related_model.objects.filter(self_assessment=OuterRef("pk"), theme=None, task=None)
        return self.annotate(score=Subquery(whole.values("value")))


def _in_content(content: Any, plan: Any) -> models.QuerySet:
    """The requirements of the plan that a signed content holds; the content is read once for all of them."""
    text = models.TextField()
    reference = Concat(Cast("task__number", text), Value(".", text), Cast("number", text), output_field=text)
    held = Func(
        reference,
        content,
        template="%(expressions)s, '$.tasks[*].requirements[*].reference') #>> '{}'))",
        arg_joiner=" = ANY (ARRAY(SELECT jsonb_path_query(",
        output_field=models.BooleanField(),
    )
    return Requirement.objects.filter(held, task__plan=plan).order_by()


def _count(rows: models.QuerySet) -> Coalesce:
    counted = rows.values("task__plan").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=models.IntegerField()), 0)


class AnswerQuerySet(models.QuerySet):
    def supervised_by(self, user, acting=None) -> Self:
        """What institutions in scope signed last in each cycle; drafts and earlier versions are left out."""
        if not user.is_authenticated:
            return self.none()
        signed = apps.get_model("assessments", "SelfAssessment")._default_manager.filter(signed_at__isnull=False)
        later = signed.filter(
            cycle=OuterRef("self_assessment__cycle"),
            institution=OuterRef("self_assessment__institution"),
            version__gt=OuterRef("self_assessment__version"),
        )
        in_scope = has_permission_on("self_assessment__institution", user, SUPERVISE, acting=acting)
        return self.filter(in_scope, ~Exists(later), self_assessment__signed_at__isnull=False)

    def complete(self) -> Self:
        """What lacks nothing; `assessments.completeness.lacks_of` is the same rule for one answer at hand."""
        of_answer = {name: OuterRef(f"self_assessment__{name}") for name in ("cycle", "institution", "version")}
        unanswered = returns_before(**of_answer).filter(requirement=OuterRef("requirement"))
        return self.filter(COMPLETE, ~Q(reply="") | ~Exists(unanswered))

    def planned_measures(self) -> Self:
        """Those with a measure that holds: from the signature until the institution signs its next in the plan.

        `assessments.reminders` reminds of the same ones.
        """
        signed = apps.get_model("assessments", "SelfAssessment")._default_manager.filter(state__in=HOLDS)
        period_ends_on = OuterRef("self_assessment__cycle__period_ends_on")
        later = signed.filter(
            Q(cycle__period_ends_on__gt=period_ends_on)
            | Q(cycle__period_ends_on=period_ends_on, version__gt=OuterRef("self_assessment__version")),
            institution=OuterRef("self_assessment__institution"),
            cycle__plan=OuterRef("self_assessment__cycle__plan"),
        )
        return self.filter(
            ~Q(measure=""),
            ~Exists(later),
            self_assessment__state__in=HOLDS,
            self_assessment__signed_at__date__lte=F("measure_due_on"),
        )


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
            has_permission_on(OF_SUBMISSION, user, BELONG, SUPERVISE, acting=acting)
            | has_permission_on(OF_SELF_ASSESSMENT, user, BELONG, SUPERVISE, acting=acting)
        )

    def of_own_submissions(self, user, acting) -> Self:
        """Without the other kind, PostgreSQL may begin with the few rows of an institution."""
        return self.filter(has_permission_on(OF_SUBMISSION, user, BELONG, acting=acting), submission__isnull=False)

    def of_own_self_assessments(self, user, acting) -> Self:
        own = has_permission_on(OF_SELF_ASSESSMENT, user, BELONG, acting=acting)
        return self.filter(own, self_assessment__isnull=False)


class ReviewDraftQuerySet(models.QuerySet):
    def visible_to(self, user, acting=None) -> Self:
        """A draft is its reviewer's alone; a proposal is also read by the lead supervisors of the authority.

        Nobody reads what is proposed about an institution to which they belong.
        """
        if not user.is_authenticated:
            return self.none()
        memberships = [acting] if acting else user.active_memberships
        leads = [m.authority_id for m in memberships if m.may(Permission.CONFIRM_REVIEWS)]
        own = Q(reviewer=user, authority__in=[m.authority_id for m in memberships if m.may(Permission.REVIEW)])
        proposed = Q(authority__in=leads, state=ReviewDraftState.PROPOSED) & ~_about(user, BELONG)
        return self.filter(own | proposed)

    def to_confirm(self, user, acting) -> Self:
        """Open proposals on which the person decides in the body acted for, the oldest first.

        One whose work was withdrawn, replaced or judged by another authority has become void, and is left out.
        """
        model: Any = self.model
        submissions = model._meta.get_field("submission").related_model._default_manager
        later = submissions.filter(
            assignment=OuterRef("submission__assignment"), number__gt=OuterRef("submission__number")
        )
        waiting = Q(self_assessment__state=S.SUBMITTED) | (
            Q(submission__assignment__state=AssignmentState.SUBMITTED, submission__review=None) & ~Exists(later)
        )
        return (
            self.visible_to(user, acting)
            .filter(waiting, _about(user, SUPERVISE, acting=acting), state=ReviewDraftState.PROPOSED)
            .exclude(reviewer=user)
            .order_by("proposed_at", "pk")
        )


def _about(user, codename: str, acting=None) -> Q:
    """Whether the institution of a submission or of a self-assessment is one of the user's."""
    return Q(has_permission_on("submission__assignment__institution", user, codename, acting=acting)) | Q(
        has_permission_on("self_assessment__institution", user, codename, acting=acting)
    )


class CaseOfficerQuerySet(models.QuerySet):
    def visible_to(self, user, acting=None) -> Self:
        """Who deals with what is the authority's own affair."""
        if not user.is_authenticated:
            return self.none()
        memberships = [acting] if acting else user.active_memberships
        return self.filter(authority__in=[m.authority_id for m in memberships if m.is_supervising])

    def standing(self) -> Self:
        """Cases whose officer still reviews in the authority; what somebody left behind waits to be assigned anew."""
        memberships = apps.get_model("accounts", "Membership").objects.filter(
            authority=OuterRef("authority"),
            user=OuterRef("officer"),
            user__is_active=True,
            is_active=True,
            role__in=REVIEWING_ROLES,
        )
        return self.filter(Exists(memberships))


class DelegationQuerySet(InstitutionRowQuerySet):
    def visible_to(self, user, acting=None) -> Self:
        """How an institution divides its work is its own affair."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(has_permission_on("institution", user, BELONG, acting=acting))


class ScoreQuerySet(InstitutionRowQuerySet):
    """There are scores of signed versions only, so whoever sees the institution sees them."""

    institution_path = "self_assessment__institution"

    def whole(self) -> Self:
        return self.filter(theme=None, task=None)

    def accepted(self, until: datetime.datetime | None = None) -> Self:
        """Of what is accepted now, or was at the moment `until`: an acceptance is final."""
        rows = self.filter(self_assessment__state=S.ACCEPTED)
        return rows.filter(self_assessment__reviewed_at__lt=until) if until else rows

    def last_accepted(self, until: datetime.datetime | None = None) -> Self:
        """The whole score of each institution in the latest period of which anything was accepted."""
        accepted = apps.get_model("assessments", "SelfAssessment")._default_manager.filter(state=S.ACCEPTED)
        if until:
            accepted = accepted.filter(reviewed_at__lt=until)
        later = accepted.filter(
            institution=OuterRef("self_assessment__institution"),
            cycle__period_ends_on__gt=OuterRef("self_assessment__cycle__period_ends_on"),
        )
        return self.whole().accepted(until).filter(~Exists(later))

    def accepted_in(self, cycle, until: datetime.datetime | None = None) -> Self:
        """What counts where institutions are compared. No version follows an accepted one, so each has one at most."""
        return self.accepted(until).filter(self_assessment__cycle=cycle)


class RectificationQuerySet(InstitutionRowQuerySet):
    def unclosed(self) -> Self:
        return self.exclude(state=RectificationState.CLOSED)

    def overdue(self, today: datetime.date) -> Self:
        """Not answered by the deadline. What waits for verification is not the institution's delay."""
        return self.filter(state=RectificationState.OPEN, deadline__lt=today)

    def of_plan(self, plan: Any) -> Self:
        """About a requirement of the plan; without a requirement, from the review of what was done for the plan."""
        reviewed = Q(review__self_assessment__cycle__plan=plan) | Q(review__submission__assignment__task__plan=plan)
        return self.filter(Q(requirement__task__plan=plan) | Q(reviewed, requirement=None))

    def of_plan_or_none(self, plan: Any) -> Self:
        """Those of the plan, and those opened on their own, which are of no plan."""
        return self.filter(Q(pk__in=self.of_plan(plan).order_by().values("pk")) | Q(requirement=None, review=None))

    def escalated(self, today: datetime.date) -> Self:
        """So long overdue that the authority's lead supervisors have been told."""
        return self.overdue(today - datetime.timedelta(days=ESCALATED_AFTER - 1))

    def tally(self, today: datetime.date, authority) -> dict[str, int]:
        """`open`, `overdue`, and `to_verify`: those that the authority itself has to verify."""
        is_open, waits = Q(state=RectificationState.OPEN), Q(state=RectificationState.UNVERIFIED)
        return self.unclosed().aggregate(
            open=Count("pk", filter=is_open),
            overdue=Count("pk", filter=is_open & Q(deadline__lt=today)),
            to_verify=Count("pk", filter=waits & Q(authority=authority)),
        )


class RectificationStepQuerySet(InstitutionRowQuerySet):
    institution_path = "rectification__institution"
