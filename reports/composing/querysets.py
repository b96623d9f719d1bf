from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.db.models import Q

from portal.accounts.enums import Permission
from reports.composing.enums import CompositionState


def _authorities_of(user: Any, acting: Any, permission: Permission) -> list[int]:
    """Where the person's role carries the permission; with `acting`, only the authority acted for."""
    memberships = [m for m in user.active_memberships if acting is None or m.pk == acting.pk]
    return [m.authority_id for m in memberships if m.authority_id and m.may(permission)]


class CompositionQuerySet(models.QuerySet):
    def visible_to(self, user: Any, acting: Any = None) -> Self:
        """A draft is read by those who may export reports of the authority; what was approved, by all its people."""
        if not user.is_authenticated:
            return self.none()
        exporting = _authorities_of(user, acting, Permission.EXPORT_SUPERVISORY)
        reading = _authorities_of(user, acting, Permission.SUPERVISE)
        is_approved = Q(state=CompositionState.APPROVED)
        return self.filter(Q(authority__in=exporting) | Q(is_approved, authority__in=reading))

    def issued_by(self, authority: Any, year: int) -> Self:
        """Those that share a series of numbers."""
        return self.filter(authority=authority, state=CompositionState.APPROVED, number_year=year)


class ReportTemplateQuerySet(models.QuerySet):
    def visible_to(self, user: Any, acting: Any = None) -> Self:
        """A template is read by those who may export reports of its authority."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(authority__in=_authorities_of(user, acting, Permission.EXPORT_SUPERVISORY))
