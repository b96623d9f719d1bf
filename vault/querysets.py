"""Stored files as their institution sees them. A supervisor reaches one through the evidence that was signed."""

from __future__ import annotations

from typing import Self

from portal.accounts.querysets import BELONG, SUPERVISE, InstitutionRowQuerySet, has_permission_on
from vault.enums import LIVE, FileState


class StoredFileQuerySet(InstitutionRowQuerySet):
    def visible_to(self, user, acting=None) -> Self:
        if not user.is_authenticated:
            return self.none()
        return self.filter(has_permission_on("institution", user, BELONG, acting=acting))

    def live(self) -> Self:
        """What an institution has: checked, or waiting for its check."""
        return self.filter(state__in=LIVE)

    def clean(self) -> Self:
        return self.filter(state=FileState.CLEAN)

    def waiting(self) -> Self:
        return self.filter(state=FileState.RECEIVED)


class LegalHoldQuerySet(InstitutionRowQuerySet):
    def visible_to(self, user, acting=None) -> Self:
        """Supervisors of the institution; the institution itself is not told."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(has_permission_on("institution", user, SUPERVISE, acting=acting))

    def standing(self) -> Self:
        return self.filter(released_at=None)
