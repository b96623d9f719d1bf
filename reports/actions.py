"""Ask for a report. `making.py` makes it, in a worker."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from plan.models import Plan
from portal.accounts.access import check
from portal.accounts.models import Institution, Membership, User
from portal.audit.actions import record
from portal.enqueue import enqueue
from portal.gate import pass_gate
from reports.batches.actions import AFRESH, cancel_members, reopen, retry_batch
from reports.enums import TRANSITIONS, ReportKind, ReportStep, SheetFormat, Subject
from reports.jobs import drive_batch, render_report
from reports.models import Report
from reports.permissions import (
    can_ask_for,
    kind_for,
    may_export_ledger,
    may_export_packages,
    may_export_proof,
    may_export_rows,
)
from tasks.models import Assignment


@transaction.atomic
def request_report(*, membership: Membership, plan: Plan, language: str, by: User) -> Report:
    """Queue the report that the role in that body may ask for.

    One that the same person asked for in the same words and that is not finished yet is returned instead, so
    that a double click asks once.
    """
    return _queue(
        membership,
        kind=kind_for(membership),
        plan=plan,
        institution=membership.institution,
        authority=membership.authority,
        language=language,
        requested_by=by,
    )


@transaction.atomic
def request_ledger(*, membership: Membership, plan: Plan, language: str, by: User) -> Report:
    """Queue the spreadsheet of who submitted what when in the authority's scope; asked for twice, it is queued once."""
    check(may_export_ledger(membership))
    return _queue(
        membership,
        kind=ReportKind.LEDGER,
        plan=plan,
        institution=None,
        authority=membership.authority,
        language=language,
        requested_by=by,
    )


@transaction.atomic
def request_proof(
    *,
    membership: Membership,
    institution: Institution,
    start: datetime.date,
    end: datetime.date,
    language: str,
    by: User,
) -> Report:
    """Queue the spreadsheet of what the institution's people were told from the first day to the last."""
    in_reach = Institution.objects.visible_to(by, acting=membership).filter(pk=institution.pk)
    check(may_export_proof(membership) and in_reach.exists())
    return _queue(
        membership,
        kind=ReportKind.PROOF,
        plan=None,
        institution=institution,
        authority=membership.authority,
        starts_on=start,
        ends_on=end,
        language=language,
        requested_by=by,
    )


@transaction.atomic
def request_export(
    *,
    membership: Membership,
    subject: Subject,
    query: str,
    columns: Sequence[str],
    file_format: SheetFormat,
    language: str,
    by: User,
) -> Report:
    """Queue the rows that the explorer finds by that query, as the columns show them; asked for twice, once."""
    check(may_export_rows(membership))
    return _queue(
        membership,
        kind=ReportKind.EXPORT,
        plan=None,
        institution=None,
        authority=membership.authority,
        subject=subject,
        query=query,
        columns=list(columns),
        format=file_format,
        language=language,
        requested_by=by,
    )


@transaction.atomic
def record_download(*, report: Report, by: User) -> None:
    """A spreadsheet leaves the portal with names and dates of many in it: the trail says who took it."""
    check(report.is_sheet)
    record(
        action="report.downloaded",
        by=by,
        target=report,
        institution=report.institution,
        data={"kind": report.kind, "number": report.number, "sha256": report.sha256, **_rows_of(report)},
    )


@transaction.atomic
def request_package(
    *,
    membership: Membership,
    institution: Institution,
    plan: Plan,
    language: str,
    by: User,
    assignment: Assignment | None = None,
) -> Report:
    """Queue the package of what the institution signed under the plan, or for one assignment of it.

    Asked for twice as a report is, it is queued once.
    """
    in_reach = Institution.objects.visible_to(by, acting=membership).filter(pk=institution.pk)
    check(may_export_packages(membership) and in_reach.exists())
    check(assignment is None or (assignment.institution_id, assignment.task.plan_id) == (institution.pk, plan.pk))
    return _queue(
        membership,
        kind=ReportKind.EVIDENCE_PACKAGE,
        plan=plan,
        institution=institution,
        authority=membership.authority,
        assignment=assignment,
        language=language,
        requested_by=by,
    )


def _queue(membership: Membership, **wanted: Any) -> Report:
    by, kind = wanted["requested_by"], wanted["kind"]
    check(kind is not None and membership in by.active_memberships)
    Membership.objects.select_for_update(of=("self",)).get(pk=membership.pk)
    waiting = Report.objects.unfinished().filter(**wanted).first()
    if waiting:
        return waiting
    report = Report.objects.create(**wanted)
    data = {"kind": kind, **_rows_of(report)}
    record(action="report.requested", by=by, target=report, institution=report.institution, data=data)
    enqueue(render_report, str(report.pk))
    return report


def _rows_of(report: Report) -> dict[str, Any]:
    """What the trail says of rows that were looked for."""
    return {"subject": report.subject, "query": report.query} if report.is_export else {}


@transaction.atomic
def cancel_report(*, report: Report, by: User) -> Report:
    """Make no more of it: its worker notices at the next page or step, and stores nothing.

    A batch goes with those of its members that are not over. Raises WrongState when it is over.
    """
    check(can_ask_for(by, report))
    now = timezone.now()
    report = pass_gate(row=report, name="cancel", moves=TRANSITIONS, by=by, at=now)
    if report.is_batch:
        cancel_members(report, now)
    elif report.batch_id:
        enqueue(drive_batch, str(report.batch_id))
    return report


@transaction.atomic
def retry_report(*, report: Report, by: User) -> Report:
    """Queue a failed or cancelled report once more, with all its attempts; of a batch, all that was not made.

    The batch that it belongs to is packed anew. Raises WrongState.
    """
    check(can_ask_for(by, report))
    if report.is_batch:
        return retry_batch(batch=report, by=by)
    if report.batch:
        reopen(report.batch, by)
    report = Report.objects.select_for_update(of=("self",), no_key=True).get(pk=report.pk)
    again = {"step": ReportStep.QUEUED, "retries": report.retries + 1, **AFRESH}
    report = pass_gate(row=report, name="retry", moves=TRANSITIONS, by=by, **again)
    enqueue(render_report, str(report.pk))
    return report
