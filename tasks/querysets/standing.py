"""Where assignments stand, or stood on a past day: their rows, and the facts that tell of them."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from typing import Any, Self

from django.contrib.postgres.fields import DateTimeRangeField
from django.db.models import (
    Count,
    Exists,
    F,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce
from django.utils import timezone

from plan.enums import PART_LEVELS, Part
from portal.accounts.querysets import InstitutionRowQuerySet
from portal.days import end_of
from tasks.enums import CLOSED, AssignmentState

# Where work can stand that was returned and is to be signed again.
UNANSWERED = (AssignmentState.RETURNED, AssignmentState.IN_PROGRESS, AssignmentState.AWAITING_SIGNATURE)
# When a fact held.
HELD = Func("at", "until", function="tstzrange", output_field=DateTimeRangeField())
# What `with_progress` counts, as text: built anew for each page, the same as expressions took longer than to run.
OF_PART = """
    SELECT count(*) FROM plan_requirement requirement
    WHERE requirement.task_id = tasks_assignment.task_id
    AND requirement.level = ANY(
        CASE tasks_assignment.part
            WHEN 'lead' THEN %s::text[] WHEN 'support' THEN %s::text[] WHEN 'implement' THEN %s::text[]
        END
    )
"""
READY = """
    EXISTS (
        SELECT FROM tasks_statement statement
        WHERE statement.assignment_id = tasks_assignment.id AND statement.requirement_id = requirement.id
        AND statement.text <> ''
    ) AND EXISTS (
        SELECT FROM tasks_evidence evidence
        JOIN vault_storedfile stored ON stored.id = evidence.stored_id
        WHERE evidence.assignment_id = tasks_assignment.id AND evidence.requirement_id = requirement.id
        AND evidence.withdrawn_at IS NULL AND evidence.superseded_at IS NULL AND stored.state = 'clean'
    )
"""


def past_deadline(today: datetime.date, state: str = "state", deadline: str = "deadline") -> Q:
    """Past a deadline that ended with its day, and neither accepted nor not applicable."""
    return Q(**{f"{deadline}__lt": today}) & ~Q(**{f"{state}__in": CLOSED})


class StandingQuerySet(InstitutionRowQuerySet):
    """Rows that tell where an assignment stands: its state and its deadline are in the fields of these names, and
    the assignment itself is found along `path`.
    """

    state_field, deadline_field, path = "state", "deadline", ""

    def of_plan(self, plan) -> Self:
        return self.filter(task__plan=plan)

    def of_tasks(self, tasks: QuerySet) -> Self:
        """By the tasks' own keys, and between their first and last deadlines: what an index by deadline has before and
        after is not looked at.
        """
        theirs = self.model._default_manager.filter(task=OuterRef("pk"))
        first, last = (
            Subquery(theirs.order_by(order).values(self.deadline_field)[:1])
            for order in (self.deadline_field, f"-{self.deadline_field}")
        )
        known = tasks.order_by().annotate(first=first, last=last).exclude(first=None)
        found = list(known.values_list("pk", "first", "last"))
        if not found:
            return self.none()
        keys, firsts, lasts = zip(*found, strict=True)
        return self._among(keys).due_since(min(firsts)).due_by(max(lasts))

    def _among(self, tasks: Sequence[int]) -> Self:
        return self.filter(task__in=tasks)

    def in_state(self, *states: str) -> Self:
        return self.filter(**{f"{self.state_field}__in": states})

    def open(self) -> Self:
        return self.exclude(**{f"{self.state_field}__in": CLOSED})

    def applicable(self) -> Self:
        return self.exclude(**{self.state_field: AssignmentState.NOT_APPLICABLE})

    def to_act_on(self) -> Self:
        """Open, and the institution's to act on: what it signed waits for its supervisor."""
        return self.open().exclude(**{self.state_field: AssignmentState.SUBMITTED})

    def due_on(self, day: datetime.date) -> Self:
        return self.filter(**{self.deadline_field: day})

    def due_by(self, day: datetime.date) -> Self:
        """That day included."""
        return self.filter(**{f"{self.deadline_field}__lte": day})

    def due_since(self, day: datetime.date) -> Self:
        return self.filter(**{f"{self.deadline_field}__gte": day})

    def overdue(self, today: datetime.date | None = None) -> Self:
        return self.filter(past_deadline(today or timezone.localdate(), self.state_field, self.deadline_field))

    def once_returned(self) -> Self:
        return self.filter(returned_at__isnull=False)

    def unanswered(self) -> Self:
        """Returned, and not signed again since, whether or not work on it has begun."""
        return self.in_state(*UNANSWERED).filter(returned_at__gt=F("submitted_at"))

    def tally(self, today: datetime.date | None = None) -> dict[str, Any]:
        counts = self.order_by().values_list(self.state_field, self.deadline_field).annotate(number=Count("pk"))
        return tally_of(counts, today)


class AssignmentQuerySet(StandingQuerySet):
    def with_progress(self) -> Self:
        """Annotate `requirements_total` and `requirements_done`: those of the part, and those ready to hand in."""
        levels = [[str(level) for level in PART_LEVELS[part]] for part in (Part.LEAD, Part.SUPPORT, Part.IMPLEMENT)]
        return self.annotate(
            requirements_total=RawSQL(f"({OF_PART})", levels, IntegerField()),  # noqa: S611 - constants
            requirements_done=RawSQL(f"({OF_PART} AND {READY})", levels, IntegerField()),  # noqa: S611 - constants
        )

    def with_requests(self) -> Self:
        """Annotate `has_pending_request`: the institution asked for something and waits for the decision."""
        model: Any = self.model
        requests = model.change_requests.rel.related_model.objects.pending()
        return self.annotate(has_pending_request=Exists(requests.filter(assignment=OuterRef("pk"))))


def tally_of(counts: Iterable[tuple[str, datetime.date, int]], today: datetime.date | None = None) -> dict[str, Any]:
    """`total`, `accepted`, `not_applicable`, `overdue`, and `next_deadline` among what is open and not overdue.

    `counts` holds states with deadlines, and how many assignments have them.
    """
    today = today or timezone.localdate()
    rows = [(state, state not in CLOSED, deadline, number) for state, deadline, number in counts]
    return {
        "total": sum(number for *_rest, number in rows),
        "accepted": sum(number for state, *_rest, number in rows if state == AssignmentState.ACCEPTED),
        "not_applicable": sum(number for state, *_rest, number in rows if state == AssignmentState.NOT_APPLICABLE),
        "overdue": sum(number for _state, is_open, deadline, number in rows if is_open and deadline < today),
        "next_deadline": min((day for _state, is_open, day, _number in rows if is_open and day >= today), default=None),
    }


class AssignmentChangeQuerySet(StandingQuerySet):
    state_field, deadline_field, path = "to_state", "to_deadline", "assignment__"

    def last_by(self, day: datetime.date) -> Self:
        """Of each assignment the last by the end of the day, which tells how it stood then.

        Nothing of an assignment that was not there yet.
        """
        over = end_of(day)
        return self.filter(at__lt=over, until__gte=over)

    def _among(self, tasks: Sequence[int]) -> Self:
        """Several are kept from the index by task, in which all that ever became of them would be read and sorted."""
        if len(tasks) < 2:
            return super()._among(tasks)
        return self.alias(is_among=Coalesce(Q(task__in=tasks), False)).filter(is_among=True)

    def passing(self, day: datetime.date) -> Self:
        """Of those `last_by` the day that are `unanswered`, or in states that are all PASSING, the same: said once more
        in the way in which an index finds them.
        """
        return self.alias(held=HELD).filter(held__contains=end_of(day) - datetime.timedelta.resolution)
