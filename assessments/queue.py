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

from assessments.enums import SelfAssessmentState
from assessments.filters import QueueFilterForm
from assessments.models import Review, SelfAssessment
from portal.accounts.enums import Permission
from portal.accounts.models import Membership, User
from portal.accounts.querysets import BELONG, has_permission_on
from portal.keyset import COUNT_LIMIT, BoundedCount, bounded_count
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

    def get_absolute_url(self) -> str:
        name = "review_submission" if self.is_submission else "review_self_assessment"
        return reverse(f"assessments:{name}", args=[self.row.pk])


class Queue:
    """What one person may judge in the body acted for, through the filters of `form`."""

    def __init__(self, user: User, acting: Membership, form: QueueFilterForm) -> None:
        self.submissions = form.submissions(submissions_to_review(user, acting))
        self.self_assessments = form.self_assessments(self_assessments_to_review(user, acting))

    def items(self, after: Place | None = None, limit: int = PAGE) -> list[Item]:
        """The first items after a place, in two queries."""
        one = _items(self.submissions, "assignment__submitted_at", SUBMISSIONS, after, limit)
        other = _items(self.self_assessments, "signed_at", SELF_ASSESSMENTS, after, limit)
        return list(islice(heapq.merge(one, other, key=lambda item: item.place), limit))

    def count(self) -> BoundedCount:
        """Of both kinds together, no further than a list counts."""
        one, other = bounded_count(self.submissions), bounded_count(self.self_assessments)
        total = one.number + other.number
        return BoundedCount(min(total, COUNT_LIMIT), one.more or other.more or total > COUNT_LIMIT)

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
