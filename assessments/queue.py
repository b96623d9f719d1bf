"""The review queue: what CIOs signed and nobody has judged yet, oldest first, of both kinds.

Two ordered and limited queries are merged here rather than in SQL: each then walks its own partial index
(`assignment_in_queue`, `self_assessment_in_queue`) and reads one page, however long the queue has become.
"""

from __future__ import annotations

import datetime
import heapq
from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple, Self

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from assessments.enums import ReviewDraftState, SelfAssessmentState
from assessments.filters import MINE, UNASSIGNED, QueueFilterForm
from assessments.models import CaseOfficer, Review, ReviewDraft, SelfAssessment
from portal.accounts.enums import Permission
from portal.accounts.models import Membership, User
from portal.accounts.querysets import BELONG, has_permission_on
from portal.keyset import BoundedCount, bounded_counts, together
from tasks.enums import AssignmentState
from tasks.models import Submission

PAGE = 25
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


class Place(NamedTuple):
    """A place in the queue: when it was signed, submissions before self-assessments, then the id."""

    signed_at: datetime.datetime
    rank: int
    pk: int

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The place that `cursor` wrote; None for anything else."""
        try:
            at, rank, pk = text.split("~")
            return cls(EPOCH + datetime.timedelta(microseconds=int(at)), int(rank), int(pk))
        except (ValueError, OverflowError):
            return None

    @property
    def cursor(self) -> str:
        return f"{(self.signed_at - EPOCH) // datetime.timedelta(microseconds=1)}~{self.rank}~{self.pk}"


SUBMISSIONS, SELF_ASSESSMENTS = 0, 1


class Item(NamedTuple):
    place: Place
    row: Submission | SelfAssessment

    @property
    def is_submission(self) -> bool:
        return self.place.rank == SUBMISSIONS

    @property
    def institution(self):
        return self.row.institution

    @property
    def waiting_days(self) -> int:
        return (timezone.localdate() - timezone.localdate(self.place.signed_at)).days

    @property
    def version(self) -> int:
        return self.row.number if isinstance(self.row, Submission) else self.row.version

    @property
    def value(self) -> str:
        """What a form names it by; `read_value` reads it."""
        return f"{self.place.rank}~{self.row.pk}"

    def get_absolute_url(self) -> str:
        name = "review_submission" if self.is_submission else "review_self_assessment"
        return reverse(f"assessments:{name}", args=[self.row.pk])


class Queue:
    """What one person may judge in the body acted for: all of it, or what passes the filters of `form`."""

    def __init__(self, user: User, acting: Membership, form: QueueFilterForm | None = None) -> None:
        self.submissions = submissions_to_review(user, acting)
        self.self_assessments = self_assessments_to_review(user, acting)
        if form is not None:
            wanted = form.wanted.get("officer", "")
            self.submissions = _dealt_with_by(wanted, form.submissions(self.submissions), user, acting)
            self.self_assessments = _dealt_with_by(wanted, form.self_assessments(self.self_assessments), user, acting)

    def items(self, after: Place | None = None, limit: int = PAGE) -> list[Item]:
        """The first items after a place, in two queries."""
        one = _items(self.submissions, "assignment__submitted_at", SUBMISSIONS, after, limit)
        other = _items(self.self_assessments, "signed_at", SELF_ASSESSMENTS, after, limit)
        return list(islice(heapq.merge(one, other, key=lambda item: item.place), limit))

    def chosen(self, values: Iterable[str]) -> list[Submission | SelfAssessment]:
        """The rows that a form named, at most a page of them, the oldest first; what left the queue is missing."""
        wanted = [found for value in list(values)[:PAGE] if (found := _read_value(value))]
        one = self.submissions.filter(pk__in=[pk for rank, pk in wanted if rank == SUBMISSIONS])
        other = self.self_assessments.filter(pk__in=[pk for rank, pk in wanted if rank == SELF_ASSESSMENTS])
        return sorted([*one, *other], key=place_of)

    def count(self) -> BoundedCount:
        """Of both kinds together, no further than a list counts."""
        return together(bounded_counts(self.submissions, self.self_assessments))

    def next_after(self, place: Place) -> Item | None:
        """What follows a place that was just dealt with; the oldest of all at the queue's end."""
        return next(iter(self.items(place, 1) or self.items(None, 1)), None)


def submissions_to_review(user: User, acting: Membership) -> QuerySet[Submission]:
    """The latest submission of each assignment that awaits a verdict."""
    return (
        Submission.objects.supervised_by(user, Permission.REVIEW, acting)
        .filter(
            ~has_permission_on("assignment__institution", user, BELONG),
            ~Exists(Submission.objects.filter(assignment=OuterRef("assignment"), number__gt=OuterRef("number"))),
            ~Exists(Review.objects.filter(submission=OuterRef("pk"))),
            assignment__state=AssignmentState.SUBMITTED,
        )
        .select_related("assignment__task", "assignment__institution__region")
        .defer("content")
    )


def self_assessments_to_review(user: User, acting: Membership) -> QuerySet[SelfAssessment]:
    return (
        SelfAssessment.objects.supervised_by(user, Permission.REVIEW, acting)
        .filter(~has_permission_on("institution", user, BELONG), state=SelfAssessmentState.SUBMITTED)
        .select_related("cycle", "institution__region")
        .defer("content")
    )


def proposals_to_confirm(user: User, acting: Membership) -> QuerySet[ReviewDraft]:
    """What others of the authority propose for work that still awaits its verdict."""
    submissions = submissions_to_review(user, acting).filter(pk=OuterRef("submission"))
    self_assessments = self_assessments_to_review(user, acting).filter(pk=OuterRef("self_assessment"))
    return (
        ReviewDraft.objects.visible_to(user, acting)
        .filter(Exists(submissions) | Exists(self_assessments), state=ReviewDraftState.PROPOSED)
        .exclude(reviewer=user)
        .select_related(
            "reviewer",
            "submission__assignment__task",
            "submission__assignment__institution__region",
            "self_assessment__cycle",
            "self_assessment__institution__region",
        )
        .defer("submission__content", "self_assessment__content", "remarks")
    )


def cases_behind(model: type[Submission] | type[SelfAssessment]) -> QuerySet[CaseOfficer]:
    """The cases that a row of the model belongs to, for a subquery: an index answers for each row."""
    if model is Submission:
        return CaseOfficer.objects.filter(assignment=OuterRef("assignment"))
    return CaseOfficer.objects.filter(cycle=OuterRef("cycle"), institution=OuterRef("institution"))


def _dealt_with_by(wanted: str, rows: QuerySet, user: User, acting: Membership) -> QuerySet:
    """Those of a colleague, by id, or of oneself; or those of nobody who still reviews here."""
    if not wanted:
        return rows
    cases = cases_behind(rows.model).filter(authority=acting.authority_id)
    if wanted == UNASSIGNED:
        return rows.filter(~Exists(cases.standing()))
    return rows.filter(Exists(cases.filter(officer=user.pk if wanted == MINE else wanted)))


def _read_value(value: str) -> tuple[int, int] | None:
    try:
        rank, pk = value.split("~")
        return int(rank), int(pk)
    except ValueError:
        return None


def place_of(row: Submission | SelfAssessment) -> Place:
    if isinstance(row, Submission):
        return Place(row.assignment.submitted_at, SUBMISSIONS, row.pk)
    return Place(row.signed_at, SELF_ASSESSMENTS, row.pk)


def _items(rows: QuerySet, at: str, rank: int, after: Place | None, limit: int) -> Iterable[Item]:
    if after:
        rows = rows.filter(_behind(at, rank, after))
    return [Item(place_of(row), row) for row in rows.order_by(at, "pk")[:limit]]


def _behind(at: str, rank: int, after: Place) -> Q:
    """Rows of this rank behind the place; the first condition is one that an index can use."""
    later = Q(**{f"{at}__gt": after.signed_at})
    if rank > after.rank:
        later |= Q(**{at: after.signed_at})
    elif rank == after.rank:
        later |= Q(**{at: after.signed_at}, pk__gt=after.pk)
    return Q(**{f"{at}__gte": after.signed_at}) & later
