"""What happens to evidence: it is added, replaced, used again and, until it is signed for, withdrawn."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from plan.models import Requirement
from portal.accounts.access import check
from portal.accounts.models import User
from portal.audit.actions import record
from tasks.actions import open_for_editing, open_for_files
from tasks.models import Assignment, Evidence
from tasks.permissions import can_fill_in
from vault.actions import receive
from vault.arrivals import Arrival, take_in
from vault.keeping import begin_use
from vault.models import StoredFile


class Entry(NamedTuple):
    """What was put forward. `is_new` is false when the same content was there for the requirement already."""

    evidence: Evidence
    is_new: bool


def add_evidence(
    *, assignment: Assignment, requirement: Requirement, file: File, by: User, replaces: Evidence | None = None
) -> Entry:
    """Take one file in for a requirement of the assignment; the first one starts the assignment.

    Raises ValidationError for a file that is refused, and WrongState.
    """
    check(can_fill_in(by, assignment))
    return enter(assignment=assignment, requirement=requirement, arrival=take_in(file), by=by, replaces=replaces)


def enter(
    *, assignment: Assignment, requirement: Requirement, arrival: Arrival, by: User, replaces: Evidence | None = None
) -> Entry:
    """Make evidence of what has arrived, as the next version of `replaces` when given.

    The bytes lie there before the assignment is locked, so that a large file holds nobody up, and are removed
    again when the row cannot be made or the institution has them already.
    """
    try:
        entry = _enter(assignment, requirement, arrival, by, replaces)
    except BaseException:
        arrival.discard()
        raise
    if entry.evidence.stored.path != arrival.path:
        arrival.discard()
    return entry


@transaction.atomic
def _enter(
    assignment: Assignment, requirement: Requirement, arrival: Arrival, by: User, replaces: Evidence | None
) -> Entry:
    begin_use(assignment.institution_id)
    assignment = open_for_editing(assignment, by) if replaces else open_for_files(assignment, by)
    stored = receive(institution=assignment.institution, arrival=arrival, by=by)
    return _put_forward(assignment, requirement, stored, arrival.name, by, replaces)


@transaction.atomic
def reuse_file(*, assignment: Assignment, requirement: Requirement, stored: StoredFile, by: User) -> Evidence:
    """Put a file forward that the institution has already, without another upload.

    Raises ValidationError for a file that did not pass its checks, and WrongState.
    """
    begin_use(assignment.institution_id)
    assignment = open_for_files(assignment, by)
    stored = StoredFile.objects.get(pk=stored.pk)
    if stored.institution_id != assignment.institution_id or not stored.is_clean:
        raise ValidationError(_("只能选用本机构已通过检查的文件。"), code="not_usable")
    return _put_forward(assignment, requirement, stored, stored.name, by).evidence


@transaction.atomic
def reuse_files(*, assignment: Assignment, requirement: Requirement, files: Iterable[StoredFile], by: User) -> None:
    """All of the files or none: `reuse_file` says what it raises."""
    for stored in files:
        reuse_file(assignment=assignment, requirement=requirement, stored=stored, by=by)


def _put_forward(
    assignment: Assignment,
    requirement: Requirement,
    stored: StoredFile,
    name: str,
    by: User,
    replaces: Evidence | None = None,
) -> Entry:
    """The row, once: the same content for the same requirement is what is there already."""
    there = assignment.evidence.current().filter(requirement=requirement, stored=stored).first()
    if there:
        return Entry(there, is_new=False)
    evidence = Evidence(
        institution=assignment.institution,
        assignment=assignment,
        requirement=requirement,
        stored=stored,
        original_name=name,
        uploaded_by=by,
    )
    if replaces:
        _supersede(replaces, evidence)
    evidence.save(force_insert=True)
    if replaces:
        _relink(replaces, evidence)
    record(
        action="evidence.added",
        by=by,
        target=evidence,
        institution=evidence.institution,
        data=_facts(evidence),
    )
    return Entry(evidence, is_new=True)


def _supersede(old: Evidence, new: Evidence) -> None:
    """Under the assignment's lock: the old version must still be the current one of the same requirement."""
    is_same = (old.assignment_id, old.requirement_id) == (new.assignment_id, new.requirement_id)
    replaced = Evidence.objects.current().filter(pk=old.pk).update(superseded_at=timezone.now()) if is_same else 0
    if not replaced:
        raise ValidationError(_("要替换的文件已被撤回或替换。请刷新页面后再试。"), code="replaced")
    new.series, new.version = old.series, old.version + 1


def _relink(old: Evidence, new: Evidence) -> None:
    """Answers that are still being written hold the new version in place of the old one."""
    links = old.answers.through.objects
    links.filter(evidence=old, answer__self_assessment__signed_at=None).update(evidence=new)


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
        "version": evidence.version,
        "size": evidence.size,
        "sha256": evidence.sha256,
    }
