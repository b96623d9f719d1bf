from __future__ import annotations

import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce

from portal.accounts.enums import Permission
from portal.accounts.querysets import BELONG, SUPERVISE, has_permission_on
from reports.enums import ReportKind, ReportState

# A worker renews its heartbeat every few seconds; without one for so long it is taken for dead.
DEAD_AFTER = datetime.timedelta(seconds=45)


def _told_to(user) -> Q:
    """Not the proof of delivery, unless one may see it: what colleagues were told is not everybody's."""
    seen = [m.institution_id for m in user.active_memberships if m.institution_id and m.may(Permission.SEE_PROOF)]
    return ~Q(kind=ReportKind.PROOF) | Q(institution__in=seen)


class ReportQuerySet(models.QuerySet):
    def visible_to(self, user, acting=None) -> Self:
        """A report is its body's: the authority for which it was asked, else its institution.

        What an authority asked for about one institution is gone with the institution from its scope.
        """
        if not user.is_authenticated:
            return self.none()
        authorities = [m.authority_id for m in user.active_memberships if m.authority_id]
        if acting:
            authorities = [acting.authority_id] if acting.authority_id else []
        own = Q(has_permission_on("institution", user, BELONG, acting=acting), authority=None) & _told_to(user)
        in_scope = Q(institution=None) | Q(has_permission_on("institution", user, SUPERVISE, acting=acting))
        return self.filter(own | Q(in_scope, authority__in=authorities))

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
