from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef, Q

from portal.accounts.querysets import BELONG, SUPERVISE, InstitutionRowQuerySet, has_permission_on


class CycleQuerySet(models.QuerySet):
    def visible_to(self, user) -> Self:
        return self.all() if user.is_authenticated else self.none()


class SelfAssessmentQuerySet(InstitutionRowQuerySet):
    def visible_to(self, user, acting=None) -> Self:
        """Drafts are the institution's own; supervisors see what the CIO signed."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(
            has_permission_on("institution", user, BELONG, acting=acting)
            | Q(has_permission_on("institution", user, SUPERVISE, acting=acting), signed_at__isnull=False)
        )

    def latest_versions(self) -> Self:
        """One row per cycle and institution: the version that counts now."""
        later = self.model._default_manager.filter(
            cycle=OuterRef("cycle"), institution=OuterRef("institution"), version__gt=OuterRef("version")
        )
        return self.filter(~Exists(later))


class ReviewQuerySet(models.QuerySet):
    def visible_to(self, user, acting=None) -> Self:
        if not user.is_authenticated:
            return self.none()
        return self.filter(
            has_permission_on("submission__assignment__institution", user, BELONG, SUPERVISE, acting=acting)
            | has_permission_on("self_assessment__institution", user, BELONG, SUPERVISE, acting=acting)
        )
