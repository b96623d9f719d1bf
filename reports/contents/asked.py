"""What a report was asked about, as its reader may see it, and the figures that several sections share."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from functools import cached_property

from assessments.models import Review
from assessments.querysets import ReviewQuerySet
from plan.models import Plan
from portal.accounts.models import Institution, Membership, User
from portal.accounts.querysets import InstitutionQuerySet
from reports import progress
from reports.models import Report
from reports.progress import Bounded, Progress
from tasks.models import Assignment
from tasks.querysets import AssignmentQuerySet

INSTITUTIONS_SHOWN = 500


@dataclass(frozen=True)
class Asked:
    """A report while it is composed. All sections read through it, so they speak of the same rows and the same day."""

    report: Report
    membership: Membership
    now: datetime.datetime

    @property
    def user(self) -> User:
        return self.report.requested_by

    @property
    def plan(self) -> Plan:
        return self.report.plan

    @property
    def day(self) -> datetime.date:
        """The day that figures speak of."""
        return self.report.day or self.now.date()

    @property
    def institutions(self) -> InstitutionQuerySet:
        return Institution.objects.visible_to(self.user, acting=self.membership)

    @property
    def assignments(self) -> AssignmentQuerySet:
        rows = Assignment.objects.visible_to(self.user, acting=self.membership).filter(task__plan=self.plan)
        return rows.filter(institution=self.report.institution_id) if self.report.institution_id else rows

    @property
    def reviews(self) -> ReviewQuerySet:
        return Review.objects.visible_to(self.user, acting=self.membership)

    @cached_property
    def progress(self) -> Progress:
        """Row by row for one institution, over the tallies for a scope."""
        if self.report.institution:
            return progress.measure(self.assignments, plan=self.plan, today=self.day)
        return progress.measure_scope(self.institutions, plan=self.plan, day=self.day)

    @cached_property
    def by_institution(self) -> Bounded:
        return progress.by_institution(self.assignments, plan=self.plan, today=self.day, limit=INSTITUTIONS_SHOWN)
