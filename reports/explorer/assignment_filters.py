"""Assignments as they stand, or as they stood at the end of a past day: the same filters for both."""

from __future__ import annotations

from tasks.filters import OfPastDay, ScopeAssignmentFilter
from tasks.models import Assignment, AssignmentChange
from tasks.past import AsAtForm


class DatedAssignmentFilter(ScopeAssignmentFilter):
    order = (*ScopeAssignmentFilter.order, "at")

    class Meta:
        model = Assignment
        fields: list[str] = []
        form = AsAtForm


class PastAssignmentFilter(OfPastDay, DatedAssignmentFilter):
    class Meta(DatedAssignmentFilter.Meta):
        model = AssignmentChange
