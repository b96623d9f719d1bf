from __future__ import annotations

import datetime
from typing import Self

from django.db import models
from django.db.models import Q

from reports.schedules.enums import Frequency
from reports.schedules.periods import last_ended


class ReportScheduleQuerySet(models.QuerySet):
    def visible_to(self, user, acting=None) -> Self:
        """A schedule is its person's own, and is of the body for which it was set up."""
        if not user.is_authenticated or acting is None:
            return self.none()
        return self.filter(person=user, institution=acting.institution_id, authority=acting.authority_id)

    def running(self) -> Self:
        return self.filter(ended_at=None)

    def due(self, day: datetime.date) -> Self:
        """Running, and of the newest period that is over nothing was asked for yet."""
        behind = Q(
            *(Q(frequency=frequency, made_until__lt=last_ended(frequency, day)) for frequency in Frequency),
            _connector=Q.OR,
        )
        return self.running().filter(behind)
