"""What a report was asked about, as its reader may see it, and the figures that several sections share."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Q

from assessments.models import Rectification, Review, SelfAssessment
from assessments.querysets import RectificationQuerySet, ReviewQuerySet, SelfAssessmentQuerySet
from plan.models import Plan, Task
from portal.accounts.models import Institution, Membership, User
from portal.accounts.querysets import InstitutionQuerySet
from portal.days import end_of
from reports import progress
from reports.models import Report
from reports.progress import Bounded, Late, Line, Position, Progress
from tasks.models import Assignment, AssignmentChange
from tasks.querysets import AssignmentChangeQuerySet, AssignmentQuerySet, StandingQuerySet

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
    def task(self) -> Task | None:
        return self.report.task

    @property
    def institution(self) -> Institution | None:
        return self.report.institution

    @property
    def day(self) -> datetime.date:
        """The day that figures speak of, as known at its end; today means at this moment."""
        return self.report.day or self.now.date()

    @property
    def is_past(self) -> bool:
        return self.day < self.now.date()

    @property
    def until(self) -> datetime.datetime:
        """What happened from then on is not told."""
        return end_of(self.day)

    @property
    def starts_on(self) -> datetime.date | None:
        """The first day of the period of a composed report that has one."""
        return self.report.composition.starts_on if self.report.composition else None

    def covers(self, prefix: str = "") -> Q:
        """The institutions that the report is about, at a field path: one, or the scope of a composed report."""
        if self.institution:
            return Q(**{f"{prefix}pk": self.institution.pk})
        return self.report.composition.covers(prefix) if self.report.composition else Q()

    @property
    def institutions(self) -> InstitutionQuerySet:
        return Institution.objects.visible_to(self.user, acting=self.membership).filter(self.covers())

    @property
    def assignments(self) -> AssignmentQuerySet:
        """As they are now."""
        return self._about(Assignment.objects.visible_to(self.user, acting=self.membership))

    @property
    def facts(self) -> AssignmentChangeQuerySet:
        """How they stood at the end of the day."""
        changes = AssignmentChange.objects.visible_to(self.user, acting=self.membership)
        return self._about(changes).last_by(self.day)

    @property
    def standing(self) -> StandingQuerySet:
        return self.facts if self.is_past else self.assignments

    def _about(self, rows: Any) -> Any:
        rows = rows.filter(self.covers("institution__"), task__plan=self.plan)
        return rows.filter(task=self.task) if self.task else rows

    @property
    def reviews(self) -> ReviewQuerySet:
        rows = Review.objects.visible_to(self.user, acting=self.membership).filter(created_at__lt=self.until)
        return rows.filter(self.covers("submission__assignment__institution__"))

    @property
    def self_assessments(self) -> SelfAssessmentQuerySet:
        """What was signed by the end of the day under the plan."""
        rows = SelfAssessment.objects.visible_to(self.user, acting=self.membership)
        return rows.filter(self.covers("institution__"), cycle__plan=self.plan, signed_at__lt=self.until)

    @cached_property
    def signed(self) -> SelfAssessment:
        """The version that a report on one is about, as long as its reader may see it."""
        rows = self.self_assessments.select_related("cycle", "institution", "signed_by", "review__authority")
        found = rows.filter(pk=self.report.self_assessment_id).first()
        if found is None:
            raise PermissionDenied
        return found

    @property
    def rectifications(self) -> RectificationQuerySet:
        rows = Rectification.objects.visible_to(self.user, self.membership).of_plan_or_none(self.plan)
        return rows.filter(self.covers("institution__"), opened_at__lt=self.until)

    @cached_property
    def progress(self) -> Progress:
        """Row by row for one institution today, else over the tallies."""
        if self.institution and not self.is_past:
            return progress.measure(self.assignments, plan=self.plan, today=self.day)
        return progress.measure_scope(self.institutions, plan=self.plan, day=self.day, task=self.task)

    @cached_property
    def position(self) -> Position:
        return progress.position(self.institutions, plan=self.plan, day=self.day)

    @cached_property
    def by_institution(self) -> Bounded:
        return progress.by_institution(self.standing, plan=self.plan, today=self.day, limit=INSTITUTIONS_SHOWN)

    @property
    def each_institution(self) -> Iterable[Line]:
        """The lines that are printed, and those for which there was no room."""
        if not self.by_institution.more:
            return self.by_institution.rows
        return progress.each_institution(self.standing, plan=self.plan, today=self.day, limit=ROWS_ATTACHED)

    @property
    def each_standing(self) -> Iterable[Late]:
        """Of a report on one task."""
        return progress.each_standing(self.standing, today=self.day, limit=ROWS_ATTACHED)

    @property
    def each_overdue(self) -> Iterable[Late]:
        return progress.each_overdue(self.standing, plan=self.plan, today=self.day, limit=ROWS_ATTACHED)
