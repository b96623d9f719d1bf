"""What a report was asked about, as its reader may see it, and the figures that several sections share."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from django.db.models import Q

from assessments.models import Review
from assessments.querysets import ReviewQuerySet
from plan.models import Plan
from portal.accounts.models import Institution, Membership, User
from portal.accounts.querysets import InstitutionQuerySet
from reports import progress
from reports.models import Report
from reports.progress import Bounded, Line, Progress
from tasks.models import Assignment
from tasks.querysets import AssignmentQuerySet

INSTITUTIONS_SHOWN = 500
ROWS_ATTACHED = 50_000  # of a sheet; they are written as they are read


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
    def starts_on(self) -> datetime.date | None:
        """The first day of the period of a composed report that has one."""
        return self.report.composition.starts_on if self.report.composition else None

    def covers(self, prefix: str = "") -> Q:
        """The part of the scope that a composed report is about, for institutions at a field path."""
        return self.report.composition.covers(prefix) if self.report.composition else Q()

    @property
    def institutions(self) -> InstitutionQuerySet:
        return Institution.objects.visible_to(self.user, acting=self.membership).filter(self.covers())

    @property
    def assignments(self) -> AssignmentQuerySet:
        rows = Assignment.objects.visible_to(self.user, acting=self.membership)
        return rows.filter(self.covers("institution__"), task__plan=self.plan)

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

    @property
    def each_institution(self) -> Iterable[Line]:
        """The lines that are printed, and those for which there was no room."""
        if not self.by_institution.more:
            return self.by_institution.rows
        return progress.each_institution(self.assignments, plan=self.plan, today=self.day, limit=ROWS_ATTACHED)
