"""Who in an authority deals with what. It locks nothing: colleagues may still review what somebody has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from assessments.cases import Signed, cases_of, key_of, key_of_signed, reviewers_of
from assessments.models import CaseOfficer
from assessments.permissions import can_assign_cases, can_take_cases
from portal.accounts.access import check
from portal.accounts.models import Authority, User
from portal.audit.actions import record
from portal.gate import WrongState
from portal.notices.actions import notify
from portal.notices.enums import NoticeKind
from tasks.models import Submission


class TakenAlready(WrongState):
    """A colleague deals with one of the works; only a lead supervisor gives it to somebody else."""

    def __init__(self, officer: User) -> None:
        super().__init__(
            _("所选报送中有的已由%(name)s经办，未作变更。如需变更，请由监管负责人分派。") % {"name": officer.name},
            code="taken",
        )


@transaction.atomic
def assign_cases(*, works: Sequence[Signed], officer: User, authority: Authority, by: User) -> int:
    """Give the works to a colleague, who is told once of all of them; returns how many they did not have before."""
    check(can_assign_cases(by, authority, _institutions(works)))
    if not reviewers_of(authority.pk).filter(pk=officer.pk).exists():
        raise ValidationError(_("%(name)s不在本单位担任审核工作，不能分派。") % {"name": officer.name}, code="stranger")
    if any(officer.belongs_to(pk) for pk in _institutions(works)):
        raise ValidationError(
            _("%(name)s在所选报送的机构任职，不能审核。请改派他人。") % {"name": officer.name}, code="own_institution"
        )
    given = _give(works, officer, _locked(works, authority), authority, by)
    if given and officer.pk != by.pk:
        _tell(officer, given)
    return len(given)


@transaction.atomic
def take_cases(*, works: Sequence[Signed], authority: Authority, by: User) -> int:
    """Deal with the works oneself. Raises TakenAlready when a colleague who still reviews has one of them."""
    check(can_take_cases(by, authority, _institutions(works)))
    cases = _locked(works, authority)
    standing = CaseOfficer.objects.standing().filter(pk__in=[case.pk for case in cases.values()]).exclude(officer=by)
    if taken := standing.select_related("officer").first():
        raise TakenAlready(taken.officer)
    return len(_give(works, by, cases, authority, by))


@transaction.atomic
def give_back_cases(*, works: Sequence[Signed], authority: Authority, by: User) -> int:
    """Leave the works to whoever takes them: one's own, or anybody's where one may assign; returns how many."""
    institutions = _institutions(works)
    check(can_take_cases(by, authority, institutions))
    cases = _locked(works, authority)
    if not can_assign_cases(by, authority, institutions):
        cases = {key: case for key, case in cases.items() if case.officer_id == by.pk}
    left = [signed for signed in works if key_of_signed(signed) in cases]
    CaseOfficer.objects.filter(pk__in=[case.pk for case in cases.values()]).delete()
    _record("case.given_back", left, None, cases, authority, by)
    return len(left)


def _institutions(works: Iterable[Signed]) -> set[int]:
    return {signed.institution.pk for signed in works}


def _locked(works: Sequence[Signed], authority: Authority) -> dict[Any, CaseOfficer]:
    """The cases as they stand. Until the end nobody else in the authority assigns: one comes after the other."""
    Authority.objects.select_for_update(no_key=True).get(pk=authority.pk)
    wanted = {key_of_signed(signed) for signed in works}
    cases = cases_of(CaseOfficer.objects.filter(authority=authority), works)
    return {key_of(case): case for case in cases if key_of(case) in wanted}


def _give(
    works: Sequence[Signed], officer: User, cases: Mapping[Any, CaseOfficer], authority: Authority, by: User
) -> list[Signed]:
    """Make the officer deal with the works; returns those that were not theirs."""
    had = {key: case for key, case in cases.items() if case.officer_id != officer.pk}
    given = [signed for signed in works if (key := key_of_signed(signed)) in had or key not in cases]
    CaseOfficer.objects.filter(pk__in=[case.pk for case in had.values()]).update(
        officer=officer, assigned_by=by, assigned_at=timezone.now()
    )
    CaseOfficer.objects.bulk_create(
        CaseOfficer(
            authority=authority,
            assignment_id=assignment,
            cycle_id=cycle,
            institution_id=institution,
            officer=officer,
            assigned_by=by,
        )
        for assignment, cycle, institution in map(key_of_signed, given)
        if (assignment, cycle, institution) not in cases
    )
    _record("case.assigned", given, officer, cases, authority, by)
    return given


def _record(
    action: str,
    works: Iterable[Signed],
    officer: User | None,
    before: Mapping[Any, CaseOfficer],
    authority: Authority,
    by: User,
) -> None:
    """One event in the ledger of each institution, in the order of their ids, so that two never wait for each other."""
    ordered = sorted(works, key=lambda signed: signed.institution.pk)
    for _pk, group in groupby(ordered, key=lambda signed: signed.institution.pk):
        of_institution = list(group)
        record(
            action=action,
            by=by,
            target=of_institution[0].institution,
            institution=of_institution[0].institution,
            data={
                "authority": authority.name,
                "officer": officer.pk if officer else None,
                "cases": [_told(signed, before.get(key_of_signed(signed))) for signed in of_institution],
            },
        )


def _told(signed: Signed, before: CaseOfficer | None) -> dict[str, Any]:
    assignment, cycle, _institution = key_of_signed(signed)
    about = {"assignment": assignment} if assignment else {"cycle": cycle}
    return about | {"officer_before": before.officer_id if before else None}


def _tell(officer: User, given: Sequence[Signed]) -> None:
    first = given[0]
    if isinstance(first, Submission):
        task = first.assignment.task
        page = reverse("assessments:review_submission", args=[first.pk])
        data = {"number": task.number, "title": task.title, "title_en": task.title_en}
    else:
        page = reverse("assessments:review_self_assessment", args=[first.pk])
        data = {"title": first.cycle.title, "title_en": first.cycle.title_en}
    notify(
        recipients=[officer],
        kind=NoticeKind.CASE_ASSIGNED,
        key=f"cases_assigned:{timezone.now().isoformat()}",
        path=page if len(given) == 1 else f"{reverse('assessments:review_queue')}?officer=me",
        institution=first.institution,
        data=data | {"count": len(given)},
    )
