"""Rows of the doing. Drafts are the institution's own: a supervisor sees states, and what the CIO signed."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from typing import Any, Self

from django.contrib.postgres.fields import DateTimeRangeField
from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    Func,
    IntegerField,
    Manager,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce
from django.db.models.lookups import Contains
from django.utils import timezone

from plan.enums import PART_LEVELS, Part
from portal.accounts.querysets import BELONG, SUPERVISE, InstitutionRowQuerySet, has_permission_on
from portal.attempts import AttemptedQuerySet
from portal.bigrams import folded
from portal.days import end_of
from portal.text_search import Folded, Names, looked_up, named
from tasks.enums import CLOSED, DECIDED_WITH, AssignmentState, BulkExtensionState, RequestKind, RequestState
from vault.enums import FileState
from vault.querysets import says

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


class StatementQuerySet(InstitutionRowQuerySet):
    institution_path = "assignment__institution"

    def visible_to(self, user, acting=None) -> Self:
        """What is being written is the institution's own; a supervisor reads what was signed, in `Submission`."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(has_permission_on(self.institution_path, user, BELONG, acting=acting))


class SubmissionQuerySet(InstitutionRowQuerySet):
    institution_path = "assignment__institution"

    def with_withdrawn(self, until: datetime.datetime | None = None) -> Self:
        """Annotate `is_withdrawn`: taken back before a verdict, so that it neither has one nor waits for one.

        `until` a moment, rather than now: what was taken back later stood then.
        """
        later = self.model._default_manager.filter(assignment=OuterRef("assignment"), number__gt=OuterRef("number"))
        is_over = Q(Exists(later)) | ~Q(assignment__state=AssignmentState.SUBMITTED)
        if until:
            model: Any = self.model
            changes = model.assignment.field.related_model.changes.rel.related_model.objects
            since = changes.filter(assignment=OuterRef("assignment"), at__gte=OuterRef("signed_at"), at__lt=until)
            left = since.filter(from_state=AssignmentState.SUBMITTED).exclude(to_state=AssignmentState.SUBMITTED)
            is_over = Q(Exists(left))
        unjudged = Q(review__isnull=True)
        return self.annotate(is_withdrawn=Case(When(unjudged & is_over, then=Value(True)), default=Value(False)))


class EvidenceQuerySet(InstitutionRowQuerySet):
    def visible_to(self, user, acting=None) -> Self:
        """Supervisors see a file once it is frozen: the CIO signed something that holds it, or a request has it."""
        if not user.is_authenticated:
            return self.none()
        own = Q(has_permission_on("institution", user, BELONG, acting=acting))
        signed = Q(has_permission_on("institution", user, SUPERVISE, acting=acting), frozen_at__isnull=False)
        if acting:
            return self.filter(signed if acting.is_supervising else own)
        return self.filter(own | signed)

    def current(self, until: datetime.datetime | None = None) -> Self:
        """Neither withdrawn nor replaced by a later version, now or at the moment `until`."""
        if until is None:
            return self.filter(withdrawn_at=None, superseded_at=None)
        return self.filter(
            Q(withdrawn_at=None) | Q(withdrawn_at__gte=until),
            Q(superseded_at=None) | Q(superseded_at__gte=until),
            uploaded_at__lt=until,
        )

    def checked(self) -> Self:
        """What may be handed in: the checks let the file pass."""
        return self.filter(stored__state=FileState.CLEAN)

    def search(self, text: str) -> Self:
        """By the name it was put forward under, or by what it says; of a common word some of the files only."""
        return looked_up(self, named(Names("original_name"), folded(text)), says(text, "stored__extract"))

    def by_name_first(self, words: str) -> Self:
        """Those whose names hold the folded words before the others, and of each the newest first."""
        in_name = When(Contains(Folded("original_name"), words), then=Value(0))
        return self.order_by(Case(in_name, default=Value(1)), "-uploaded_at", "-pk")

    def by_requirement(self) -> Self:
        return self.order_by(F("requirement__number"), "uploaded_at", "pk")


class EvidenceManager(Manager.from_queryset(EvidenceQuerySet)):  # type: ignore[misc]  # a class made by a call
    """A row of evidence says little without its stored file, so it comes with it."""

    def get_queryset(self) -> EvidenceQuerySet:
        return super().get_queryset().select_related("stored")


class EvidenceUploadQuerySet(InstitutionRowQuerySet):
    def visible_to(self, user, acting=None) -> Self:
        """An upload is its beginner's alone, as long as they belong to the institution."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(has_permission_on("institution", user, BELONG, acting=acting), started_by=user)


class AccessQuerySet(InstitutionRowQuerySet):
    def visible_to(self, user, acting=None) -> Self:
        """The log of an institution's files is the institution's to read."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(has_permission_on("institution", user, BELONG, acting=acting))


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


class AuthorityRowQuerySet(QuerySet):
    def visible_to(self, user, acting=None) -> Self:
        """What an authority did at once for many institutions is its own to read."""
        if not user.is_authenticated:
            return self.none()
        memberships = [acting] if acting and acting.user_id == user.pk else user.active_memberships
        return self.filter(authority__in=[m.authority_id for m in memberships if m.authority_id])


class UrgingQuerySet(AuthorityRowQuerySet):
    """What an institution was told stands in `UrgedInstitution`."""


class BulkExtensionQuerySet(AuthorityRowQuerySet, AttemptedQuerySet):  # type: ignore[override]  # each has managers
    """Which deadlines moved stands in `ExtendedAssignment`."""

    waiting = (BulkExtensionState.QUEUED, BulkExtensionState.UNDO_QUEUED)
    working = (BulkExtensionState.EXTENDING, BulkExtensionState.UNDOING)

    def to_extend(self) -> Self:
        return self.filter(state__in=[BulkExtensionState.QUEUED, BulkExtensionState.EXTENDING])

    def to_undo(self) -> Self:
        return self.filter(state__in=[BulkExtensionState.UNDO_QUEUED, BulkExtensionState.UNDOING])


class ExtendedAssignmentQuerySet(InstitutionRowQuerySet):
    institution_path = "assignment__institution"

    def undoable(self) -> Self:
        """Those on which nothing has been built since: still the deadline granted, and the work neither closed nor
        signed since, and no later deadline asked for.
        """
        model: Any = self.model
        assignment = model.assignment.field.related_model
        asked_for = assignment.change_requests.rel.related_model.objects.pending()
        return self.filter(
            Q(assignment__submitted_at=None) | Q(assignment__submitted_at__lt=F("extension__extended_at")),
            ~Exists(asked_for.filter(assignment=OuterRef("assignment"), kind=RequestKind.EXTENSION)),
            undone_at=None,
            assignment__deadline=F("new_deadline"),
        ).exclude(assignment__state__in=CLOSED)

    def of(self, assignment) -> Self:
        """How the assignment's deadline was moved, the latest first."""
        rows = self.filter(assignment=assignment).select_related("extension__authority", "extension__by")
        return rows.order_by("-extension_id")


class UrgedInstitutionQuerySet(InstitutionRowQuerySet):
    def about(self, assignment) -> Self:
        return self.filter(institution=assignment.institution_id, assignments__contains=[assignment.pk])

    def with_message(self) -> Self:
        return self.select_related("urging__authority", "urging__by").order_by("-urging_id")
