"""What an authority does for many institutions at once: urging, extending."""

from __future__ import annotations

from typing import Any, Self

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from portal.accounts.querysets import InstitutionRowQuerySet
from portal.attempts import AttemptedQuerySet
from tasks.enums import CLOSED, BulkExtensionState, RequestKind


class AuthorityRowQuerySet(QuerySet):
    def visible_to(self, user, acting=None) -> Self:
        """What an authority did at once for many institutions is its own to read."""
        if not user.is_authenticated:
            return self.none()
        memberships = [acting] if acting and acting.user_id == user.pk else user.active_memberships
        return self.filter(authority__in=[m.authority_id for m in memberships if m.authority_id])


class UrgingQuerySet(AuthorityRowQuerySet):
    """What an institution was told stands in `UrgedInstitution`."""


class BulkExtensionQuerySet(AuthorityRowQuerySet, AttemptedQuerySet):  # type: ignore[override]  # each has managers
    """Which deadlines moved stands in `ExtendedAssignment`."""

    waiting = (BulkExtensionState.QUEUED, BulkExtensionState.UNDO_QUEUED)
    working = (BulkExtensionState.EXTENDING, BulkExtensionState.UNDOING)

    def to_extend(self) -> Self:
        return self.filter(state__in=[BulkExtensionState.QUEUED, BulkExtensionState.EXTENDING])

    def to_undo(self) -> Self:
        return self.filter(state__in=[BulkExtensionState.UNDO_QUEUED, BulkExtensionState.UNDOING])


class ExtendedAssignmentQuerySet(InstitutionRowQuerySet):
    institution_path = "assignment__institution"

    def undoable(self) -> Self:
        """Those on which nothing has been built since: still the deadline granted, and the work neither closed nor
        signed since, and no later deadline asked for.
        """
        model: Any = self.model
        assignment = model.assignment.field.related_model
        asked_for = assignment.change_requests.rel.related_model.objects.pending()
        return self.filter(
            Q(assignment__submitted_at=None) | Q(assignment__submitted_at__lt=F("extension__extended_at")),
            ~Exists(asked_for.filter(assignment=OuterRef("assignment"), kind=RequestKind.EXTENSION)),
            undone_at=None,
            assignment__deadline=F("new_deadline"),
        ).exclude(assignment__state__in=CLOSED)

    def of(self, assignment) -> Self:
        """How the assignment's deadline was moved, the latest first."""
        rows = self.filter(assignment=assignment).select_related("extension__authority", "extension__by")
        return rows.order_by("-extension_id")


class UrgedInstitutionQuerySet(InstitutionRowQuerySet):
    def about(self, assignment) -> Self:
        return self.filter(institution=assignment.institution_id, assignments__contains=[assignment.pk])

    def with_message(self) -> Self:
        return self.select_related("urging__authority", "urging__by").order_by("-urging_id")
