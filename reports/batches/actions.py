"""Ask for a batch, and have what was not made of it made after all."""

from __future__ import annotations

import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from plan.models import Plan
from portal.accounts.access import check
from portal.accounts.models import Authority, Membership, Region, User
from portal.audit.actions import record
from portal.enqueue import enqueue
from portal.gate import pass_gate
from reports.batches.members import UNMADE, insert_members, institutions_of, narrowed
from reports.enums import TRANSITIONS, ReportKind, ReportState, ReportStep
from reports.jobs import drive_batch
from reports.models import Report
from reports.permissions import can_ask_for, may_export_batch

# What is no longer so once a report is to be made again.
AFRESH: dict[str, Any] = {"attempts": 0, "finished_at": None, "error": "", "refusal": "", "page": None, "pages": None}


class EmptyScope(ValidationError):
    """No institution of the scope has anything to do under the plan."""


@transaction.atomic
def request_batch(
    *,
    membership: Membership,
    plan: Plan,
    language: str,
    by: User,
    kind: str = "",
    region: Region | None = None,
    day: datetime.date | None = None,
) -> Report:
    """Queue 任务落实情况报告 of each institution in scope that has tasks under the plan, to be packed into one zip.

    Where the same batch of the authority is being made, that one is returned, whoever asked for it: it is long work,
    and its zip says the same to all of them. Raises EmptyScope.
    """
    check(may_export_batch(membership) and membership in by.active_memberships)
    authority = Authority.objects.select_for_update(of=("self",), no_key=True).get(pk=membership.authority_id)
    wanted = {
        "kind": ReportKind.BATCH,
        "plan": plan,
        "authority": authority,
        "language": language,
        "query": narrowed(kind, region),
        "day": day,
    }
    if waiting := Report.objects.not_over().filter(**wanted).first():
        return waiting
    batch = Report.objects.create(
        **wanted, requested_by=by, state=ReportState.COLLECTING, step=ReportStep.MEMBERS, rows_total=0
    )
    batch.rows_total = insert_members(batch, institutions_of(batch, membership))
    if not batch.rows_total:
        raise EmptyScope(_("所选范围内没有在此计划下承担任务的机构。请另选机构类别、地区或计划。"), code="empty_scope")
    batch.save(update_fields=["rows_total"])
    data = {"kind": batch.kind, "query": batch.query, "members": batch.rows_total}
    record(action="report.requested", by=by, target=batch, institution=None, data=data)
    enqueue(drive_batch, str(batch.pk))
    return batch


@transaction.atomic
def retry_batch(*, batch: Report, by: User) -> Report:
    """Make what failed or was cancelled once more, and pack the batch anew. What is done stays as it is."""
    check(can_ask_for(by, batch))
    batch = reopen(batch, by)
    batch.members.filter(state__in=UNMADE).update(
        state=ReportState.QUEUED, step=ReportStep.QUEUED, heartbeat_at=None, retries=F("retries") + 1, **AFRESH
    )
    enqueue(drive_batch, str(batch.pk))
    return batch


def reopen(batch: Report, by: User) -> Report:
    """Its members are being made again, and the zip goes: the next will say something else.

    Raises WrongState while it is packed.
    """
    batch = Report.objects.select_for_update(of=("self",), no_key=True).get(pk=batch.pk)
    if batch.state == ReportState.COLLECTING:
        return batch
    name, storage = batch.file.name, batch.file.storage
    if name:
        transaction.on_commit(lambda: storage.delete(name))
    return pass_gate(
        row=batch,
        name="reopen",
        moves=TRANSITIONS,
        by=by,
        step=ReportStep.MEMBERS,
        retries=batch.retries + 1,
        file="",
        size=None,
        sha256="",
        sm3="",
        removed_at=None,
        **AFRESH,
    )


def cancel_members(batch: Report, at: datetime.datetime) -> int:
    """Those not over; what is done stays. The trail of the batch says it for all of them."""
    return batch.members.unfinished().update(state=ReportState.CANCELLED, finished_at=at)
