from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q

from portal.accounts.querysets import BELONG, has_permission_on


class ReportQuerySet(models.QuerySet):
    def visible_to(self, user, acting=None) -> Self:
        """A status report belongs to its institution's people, a supervisory report to its authority's members."""
        if not user.is_authenticated:
            return self.none()
        authorities = [m.authority_id for m in user.active_memberships if m.authority_id]
        if acting:
            authorities = [acting.authority_id] if acting.authority_id else []
        return self.filter(
            has_permission_on("institution", user, BELONG, acting=acting) | Q(authority__in=authorities)
        )
