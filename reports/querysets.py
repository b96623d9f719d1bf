from __future__ import annotations

import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce

from portal.accounts.querysets import BELONG, has_permission_on
from reports.enums import ReportState

# A worker renews its heartbeat every few seconds; without one for so long it is taken for dead.
DEAD_AFTER = datetime.timedelta(seconds=45)


class ReportQuerySet(models.QuerySet):
    def visible_to(self, user, acting=None) -> Self:
        """A status report belongs to its institution's people, a supervisory report to its authority's members."""
        if not user.is_authenticated:
            return self.none()
        authorities = [m.authority_id for m in user.active_memberships if m.authority_id]
        if acting:
            authorities = [acting.authority_id] if acting.authority_id else []
        return self.filter(has_permission_on("institution", user, BELONG, acting=acting) | Q(authority__in=authorities))

    def unfinished(self) -> Self:
        return self.filter(state__in=[ReportState.QUEUED, ReportState.RENDERING])

    def free(self, now: datetime.datetime) -> Self:
        """Unfinished, and in the hands of no living worker."""
        return self.filter(
            Q(state=ReportState.QUEUED) | Q(state=ReportState.RENDERING, heartbeat_at__lt=now - DEAD_AFTER)
        )

    def left_lying(self, now: datetime.datetime) -> Self:
        """Free, and not about to be taken: the message that announced it must be lost or its worker dead."""
        touched = Coalesce("heartbeat_at", "requested_at")
        return self.free(now).alias(touched_at=touched).filter(touched_at__lt=now - DEAD_AFTER)
