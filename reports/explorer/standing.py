"""Where the assignments of each institution stand, or stood at the end of a past day."""

from __future__ import annotations

import datetime

from django.db.models import OuterRef

from tasks.models import Assignment, AssignmentChange
from tasks.querysets import StandingQuerySet


def of_each(day: datetime.date | None) -> StandingQuerySet:
    """For a subquery over institutions."""
    if day is None:
        return Assignment.objects.filter(institution=OuterRef("pk")).order_by()
    return AssignmentChange.objects.filter(institution=OuterRef("pk")).last_by(day).order_by()
