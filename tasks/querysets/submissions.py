"""What institutions wrote and signed."""

from __future__ import annotations

import datetime
from typing import Any, Self

from django.db.models import Case, Exists, OuterRef, Q, Value, When

from portal.accounts.querysets import BELONG, InstitutionRowQuerySet, has_permission_on
from tasks.enums import AssignmentState


class StatementQuerySet(InstitutionRowQuerySet):
    institution_path = "assignment__institution"

    def visible_to(self, user, acting=None) -> Self:
        """What is being written is the institution's own; a supervisor reads what was signed, in `Submission`."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(has_permission_on(self.institution_path, user, BELONG, acting=acting))


class SubmissionQuerySet(InstitutionRowQuerySet):
    institution_path = "assignment__institution"

    def with_withdrawn(self, until: datetime.datetime | None = None) -> Self:
        """Annotate `is_withdrawn`: taken back before a verdict, so that it neither has one nor waits for one.

        `until` a moment, rather than now: what was taken back later stood then.
        """
        later = self.model._default_manager.filter(assignment=OuterRef("assignment"), number__gt=OuterRef("number"))
        is_over = Q(Exists(later)) | ~Q(assignment__state=AssignmentState.SUBMITTED)
        if until:
            model: Any = self.model
            changes = model.assignment.field.related_model.changes.rel.related_model.objects
            since = changes.filter(assignment=OuterRef("assignment"), at__gte=OuterRef("signed_at"), at__lt=until)
            left = since.filter(from_state=AssignmentState.SUBMITTED).exclude(to_state=AssignmentState.SUBMITTED)
            is_over = Q(Exists(left))
        unjudged = Q(review__isnull=True)
        return self.annotate(is_withdrawn=Case(When(unjudged & is_over, then=Value(True)), default=Value(False)))
