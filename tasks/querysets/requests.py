"""What institutions ask for."""

from __future__ import annotations

import datetime
from typing import Self

from django.db.models import Q

from portal.accounts.querysets import InstitutionRowQuerySet
from tasks.enums import DECIDED_WITH, RequestState


class ChangeRequestQuerySet(InstitutionRowQuerySet):
    institution_path = "assignment__institution"

    def pending(self, until: datetime.datetime | None = None) -> Self:
        """Undecided and not withdrawn, now or at the moment `until`."""
        if until is None:
            return self.filter(state=RequestState.PENDING)
        return self.filter(
            Q(decided_at=None) | Q(decided_at__gte=until),
            Q(withdrawn_at=None) | Q(withdrawn_at__gte=until),
            requested_at__lt=until,
        )

    def to_decide(self, membership) -> Self:
        """Pending, and of the kinds on which the membership's role decides."""
        kinds = [kind for kind, needed in DECIDED_WITH.items() if membership.may(needed)]
        return self.pending().filter(kind__in=kinds)
