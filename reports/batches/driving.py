"""Which members of a batch are made next, and when it is packed."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from portal.gate import pass_gate
from reports.enums import TRANSITIONS, ReportState, ReportStep
from reports.models import Report

# So many members of a batch are on their way at once: enough for the workers, and few enough that somebody's single
# report, which queues behind them, is made within seconds.
AHEAD = 8
WAITING = Q(state=ReportState.QUEUED, heartbeat_at=None)


@transaction.atomic
def next_up(*, batch_id: UUID | str) -> list[UUID]:
    """The reports to be made now: members whose turn it is, or the batch itself once all of them are over.

    May be called at any time, twice and at once: callers wait for each other at the batch, and only one of them finds
    it ready.
    """
    rows = Report.objects.select_for_update(of=("self",), no_key=True)
    batch = rows.filter(pk=batch_id, state=ReportState.COLLECTING).first()
    if batch is None:
        return []
    members = batch.members.unfinished()
    if not members.exists():
        pass_gate(row=batch, name="ready", moves=TRANSITIONS, by=None, step=ReportStep.PACKING)
        return [batch.pk]
    free = AHEAD - members.exclude(WAITING).count()
    turn = list(members.filter(WAITING).values_list("pk", flat=True)[: max(free, 0)])
    Report.objects.filter(pk__in=turn).update(heartbeat_at=timezone.now())
    return turn
