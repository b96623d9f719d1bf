"""Who in an authority deals with what (经办人): the officer of each signed work, and how much each reviewer has."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from assessments.models import CaseOfficer, Review, SelfAssessment
from assessments.queue import Queue, cases_behind
from portal.accounts.enums import REVIEWING_ROLES
from portal.accounts.models import Membership, User
from tasks.models import Submission

Signed = Submission | SelfAssessment
RECENT_DAYS = 30


def reviewers_of(authority_id: int) -> QuerySet[User]:
    """Those who may give verdicts in the authority's name, by name."""
    return User.objects.filter(
        is_active=True,
        memberships__authority=authority_id,
        memberships__is_active=True,
        memberships__role__in=REVIEWING_ROLES,
    ).order_by("name", "pk")


def key_of(case: CaseOfficer) -> tuple[int | None, int | None, int]:
    """What one case is about: an assignment, or a cycle and an institution."""
    return case.assignment_id, case.cycle_id, case.institution_id


def key_of_signed(signed: Signed) -> tuple[int | None, int | None, int]:
    """The same for one version of the work."""
    if isinstance(signed, Submission):
        return signed.assignment_id, None, signed.assignment.institution_id
    return None, signed.cycle_id, signed.institution_id


def cases_of(rows: QuerySet[CaseOfficer], works: Iterable[Signed]) -> QuerySet[CaseOfficer]:
    """Of `rows` those about one of the works; two indexes answer it."""
    keys = [key_of_signed(signed) for signed in works]
    of_cycles = Q(
        cycle__in={cycle for _assignment, cycle, _institution in keys if cycle},
        institution__in={institution for _assignment, cycle, institution in keys if cycle},
    )
    return rows.filter(Q(assignment__in=[assignment for assignment, *_rest in keys if assignment]) | of_cycles)


@dataclass(frozen=True)
class Officer:
    """`has_left`: no longer reviews in the authority, so that the case waits for somebody else."""

    user: User
    has_left: bool


def officers_of(works: Sequence[Signed], user: User, acting: Membership) -> dict[Signed, Officer]:
    """Who deals with each of the works in the body acted for, in one query; works that nobody has are absent."""
    cases = CaseOfficer.objects.visible_to(user, acting)
    found = {
        key_of(case): Officer(case.officer, has_left=not case.is_standing)
        for case in cases_of(cases, works)
        .annotate(is_standing=Exists(CaseOfficer.objects.standing().filter(pk=OuterRef("pk"))))
        .select_related("officer")
    }
    return {signed: found[key_of_signed(signed)] for signed in works if key_of_signed(signed) in found}


@dataclass
class Load:
    """What lies on one reviewer's desk. `oldest` is when the oldest was signed."""

    officer: User
    waiting: int = 0
    oldest: datetime.datetime | None = None
    decided: int = 0

    @property
    def oldest_days(self) -> int | None:
        return (timezone.localdate() - timezone.localdate(self.oldest)).days if self.oldest else None

    def add(self, number: int, oldest: datetime.datetime) -> None:
        self.waiting += number
        self.oldest = min(filter(None, [self.oldest, oldest]))


def loads_of(colleagues: Iterable[User], queue: Queue, acting: Membership) -> list[Load]:
    """The load of each colleague in an unfiltered queue, in three queries, in the order given."""
    loads = {colleague.pk: Load(colleague) for colleague in colleagues}
    for rows, signed_at in (
        (queue.submissions, "assignment__submitted_at"),
        (queue.self_assessments, "signed_at"),
    ):
        for officer, number, oldest in _waiting(rows, signed_at, acting.authority_id, list(loads)):
            loads[officer].add(number, oldest)
    since = timezone.now() - datetime.timedelta(days=RECENT_DAYS)
    decided = Review.objects.filter(authority=acting.authority_id, reviewer__in=loads, created_at__gte=since)
    for officer, number in decided.order_by().values_list("reviewer").annotate(number=Count("pk")):
        loads[officer].decided = number
    return list(loads.values())


def _waiting(rows: QuerySet, signed_at: str, authority_id: int | None, officers: list[int]) -> Iterable[Any]:
    """Officer, how many of the rows they have, and when the oldest of those was signed."""
    cases = cases_behind(rows.model).filter(authority=authority_id, officer__in=officers)
    return (
        rows.select_related(None)
        .filter(Exists(cases))
        .order_by()
        .values(case_officer=Subquery(cases.values("officer")))
        .annotate(number=Count("pk"), oldest=Min(signed_at))
        .values_list("case_officer", "number", "oldest")
    )
