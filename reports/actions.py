"""Ask for a report. `making.py` makes it, in a worker."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from assessments.models import SelfAssessment
from plan.models import Plan, Task
from portal.accounts.access import check
from portal.accounts.models import Institution, Membership, User
from portal.audit.actions import record
from portal.enqueue import enqueue
from portal.gate import pass_gate
from reports.batches.actions import AFRESH, cancel_members, reopen, retry_batch
from reports.enums import TRANSITIONS, ReportKind, ReportStep, SheetFormat, Subject
from reports.jobs import drive_batch, render_report
from reports.models import Composition, Report, ReportSchedule
from reports.permissions import (
    can_ask_for,
    is_in_reach,
    kinds_for,
    may_ask_for_composed,
    may_export_ledger,
    may_export_packages,
    may_export_proof,
    may_export_rows,
)
from tasks.models import Assignment


@transaction.atomic
def request_report(
    *,
    membership: Membership,
    kind: ReportKind,
    plan: Plan,
    language: str,
    by: User,
    institution: Institution | None = None,
    task: Task | None = None,
    day: datetime.date | None = None,
    schedule: ReportSchedule | None = None,
) -> Report:
    """Queue a report on the plan: on a scope, on one task in it, or on one institution, today or as at a past day.

    One that the same person asked for in the same words and that is not finished yet is returned instead, so
    that a double click asks once.
    """
    institution = institution or membership.institution
    check(kind in kinds_for(membership) and is_in_reach(membership, institution))
    check(task is None or task.plan_id == plan.pk)
    return _queue(
        membership,
        kind=kind,
        plan=plan,
        institution=institution,
        authority=membership.authority,
        self_assessment=None,
        task=task,
        day=day,
        schedule=schedule,
        language=language,
        requested_by=by,
    )


@transaction.atomic
def request_assessment_report(
    *,
    membership: Membership,
    self_assessment: SelfAssessment,
    language: str,
    by: User,
    day: datetime.date | None = None,
) -> Report:
    """Queue the report on one signed self-assessment; asked for twice, it is queued once."""
    seen = SelfAssessment.objects.visible_to(by, acting=membership).filter(signed_at__isnull=False)
    check(ReportKind.ASSESSMENT in kinds_for(membership) and seen.filter(pk=self_assessment.pk).exists())
    return _queue(
        membership,
        kind=ReportKind.ASSESSMENT,
        plan=self_assessment.cycle.plan,
        institution=self_assessment.institution,
        authority=membership.authority,
        self_assessment=self_assessment,
        task=None,
        day=day,
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
    """A spreadsheet, or the workbook of a PDF, leaves the portal with names and dates: the trail says who took it."""
    check(report.is_sheet or bool(report.workbook))
    sha256 = report.sha256 if report.is_sheet else report.workbook_sha256
    record(
        action="report.downloaded",
        by=by,
        target=report,
        institution=report.institution,
        data={"kind": report.kind, "number": report.number, "sha256": sha256, **_rows_of(report)},
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


@transaction.atomic
def request_composed(*, membership: Membership, composition: Composition, is_draft: bool, by: User) -> Report:
    """Queue a draft of the composition as it stands, or the report that its approval issues.

    The same draft asked for twice is queued once.
    """
    wanted = Report(composition=composition, is_draft=is_draft, authority=composition.authority)
    check(membership.authority_id == composition.authority_id and may_ask_for_composed(membership, wanted))
    return _queue(
        membership,
        kind=ReportKind(composition.kind),
        plan=composition.plan,
        institution=None,
        authority=composition.authority,
        composition=composition,
        is_draft=is_draft,
        revision=composition.revision,
        day=composition.day,
        language=composition.language,
        requested_by=by,
    )


def _queue(membership: Membership, **wanted: Any) -> Report:
    by, kind = wanted["requested_by"], wanted["kind"]
    check(membership in by.active_memberships)
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

    The batch that it belongs to is packed anew. One that an approval issues is made for whoever retries it: the
    approver may have left meanwhile. Raises WrongState.
    """
    check(can_ask_for(by, report))
    if report.is_batch:
        return retry_batch(batch=report, by=by)
    if report.batch:
        reopen(report.batch, by)
    report = Report.objects.select_for_update(of=("self",), no_key=True).get(pk=report.pk)
    again = {"step": ReportStep.QUEUED, "retries": report.retries + 1, **AFRESH}
    if report.is_issued:
        again["requested_by"] = by
    report = pass_gate(row=report, name="retry", moves=TRANSITIONS, by=by, **again)
    enqueue(render_report, str(report.pk))
    return report
