"""Rows of the doing. Drafts are the institution's own: a supervisor sees states, and what the CIO signed."""

from __future__ import annotations

import datetime
from typing import Any, Self

from django.db import models
from django.db.models import Count, Exists, F, IntegerField, Min, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact
from django.utils import timezone

from plan.enums import PART_LEVELS
from plan.models import Requirement
from portal.accounts.querysets import BELONG, SUPERVISE, InstitutionRowQuerySet, has_permission_on
from tasks.enums import CLOSED, AssignmentState


def past_deadline(today: datetime.date) -> Q:
    """Past a deadline that ended with its day, and neither accepted nor not applicable."""
    return Q(deadline__lt=today) & ~Q(state__in=CLOSED)


class AssignmentQuerySet(InstitutionRowQuerySet):
    def open(self) -> Self:
        return self.exclude(state__in=CLOSED)

    def overdue(self, today: datetime.date | None = None) -> Self:
        return self.filter(past_deadline(today or timezone.localdate()))

    def with_progress(self) -> Self:
        """Annotate `requirements_total` and `requirements_done`: those of the part, and those ready to hand in."""
        in_part = Q()
        for part, levels in PART_LEVELS.items():
            in_part |= Q(Exact(OuterRef("part"), Value(part.value)), level__in=levels)
        mine = Requirement.objects.filter(in_part, task=OuterRef("task")).order_by()
        model: Any = self.model
        statements = model.statements.rel.related_model.objects.filter(
            assignment=OuterRef(OuterRef("pk")), requirement=OuterRef("pk")
        ).exclude(text="")
        evidence = model.evidence.rel.related_model.objects.filter(
            assignment=OuterRef(OuterRef("pk")), requirement=OuterRef("pk"), withdrawn_at=None
        )
        return self.annotate(
            requirements_total=_count(mine),
            requirements_done=_count(mine.filter(Exists(statements), Exists(evidence))),
        )

    def tally(self, today: datetime.date | None = None) -> dict[str, Any]:
        """`total`, `accepted`, `not_applicable`, `overdue`, and `next_deadline` among what is open and not overdue."""
        today = today or timezone.localdate()
        counts = self.order_by().values_list("state", "deadline").annotate(number=Count("pk"))
        rows = [(state, state not in CLOSED, deadline, number) for state, deadline, number in counts]
        return {
            "total": sum(number for *_rest, number in rows),
            "accepted": sum(number for state, *_rest, number in rows if state == AssignmentState.ACCEPTED),
            "not_applicable": sum(number for state, *_rest, number in rows if state == AssignmentState.NOT_APPLICABLE),
            "overdue": sum(number for _state, is_open, deadline, number in rows if is_open and deadline < today),
            "next_deadline": min(
                (day for _state, is_open, day, _number in rows if is_open and day >= today), default=None
            ),
        }


def _count(rows: models.QuerySet) -> Coalesce:
    counted = rows.values("task").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


class SubmissionQuerySet(InstitutionRowQuerySet):
    institution_path = "assignment__institution"


class EvidenceQuerySet(InstitutionRowQuerySet):
    def visible_to(self, user, acting=None) -> Self:
        """Supervisors see a file once it is frozen, that is once the CIO signed something that holds it."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(
            has_permission_on("institution", user, BELONG, acting=acting)
            | Q(has_permission_on("institution", user, SUPERVISE, acting=acting), frozen_at__isnull=False)
        )

    def current(self) -> Self:
        """Neither withdrawn nor replaced by a later version."""
        return self.filter(withdrawn_at=None)

    def by_requirement(self) -> Self:
        return self.order_by(F("requirement__number"), "uploaded_at", "pk")
