"""The two things that happen to evidence: it is added, and, until it is signed for, withdrawn."""

from __future__ import annotations

from django.core.files.base import File
from django.db import transaction
from django.utils import timezone

from plan.models import Requirement
from portal.accounts.access import check
from portal.accounts.models import User
from portal.audit.actions import record
from tasks.actions import open_for_editing
from tasks.files import inspect
from tasks.models import Assignment, Evidence
from tasks.permissions import can_fill_in


def add_evidence(*, assignment: Assignment, requirement: Requirement, file: File, by: User) -> Evidence:
    """Store one file for a requirement of the assignment; the first one starts the assignment.

    The bytes are written before the assignment is locked, so that a large file holds nobody up, and are removed
    again when the row cannot be. Raises ValidationError for a file that is refused, and WrongState.
    """
    check(can_fill_in(by, assignment))
    facts = inspect(file)
    evidence = Evidence(
        institution=assignment.institution,
        assignment=assignment,
        requirement=requirement,
        original_name=facts.name,
        content_type=facts.content_type,
        size=facts.size,
        sha256=facts.sha256,
        sm3=facts.sm3,
        uploaded_by=by,
    )
    evidence.file.save(facts.name, file, save=False)
    try:
        _enter(evidence, by)
    except BaseException:
        evidence.file.delete(save=False)
        raise
    return evidence


@transaction.atomic
def _enter(evidence: Evidence, by: User) -> None:
    open_for_editing(evidence.assignment, by)
    evidence.save(force_insert=True)
    record(
        action="evidence.added",
        by=by,
        target=evidence,
        institution=evidence.institution,
        data=_facts(evidence),
    )


@transaction.atomic
def withdraw_evidence(*, evidence: Evidence, by: User) -> Evidence:
    """Take a file out of what will be handed in; what was signed with it keeps it. Twice is once.

    Raises WrongState when the assignment is not the institution's to edit.
    """
    open_for_editing(evidence.assignment, by)
    withdrawn = Evidence.objects.current().filter(pk=evidence.pk).update(withdrawn_at=timezone.now())
    if withdrawn:
        record(
            action="evidence.withdrawn",
            by=by,
            target=evidence,
            institution=evidence.institution,
            data=_facts(evidence),
        )
    evidence.refresh_from_db(fields=["withdrawn_at"])
    return evidence


def _facts(evidence: Evidence) -> dict[str, str | int]:
    return {
        "assignment": evidence.assignment_id,
        "requirement": evidence.requirement.reference,
        "name": evidence.original_name,
        "size": evidence.size,
        "sha256": evidence.sha256,
        "sm3": evidence.sm3,
    }
