"""Audit records of an invented past, chained and digested as `portal.audit.actions.record` does it."""

from __future__ import annotations

import datetime
from typing import Any

from portal.audit.actions import digest_of
from portal.audit.canonical import as_plain, canonical_json
from portal.audit.models import AuditEvent
from portal.shell.demo.table import Table


class Trail:
    """The ledger of one institution, written down in the order of its times."""

    def __init__(self, institution: int) -> None:
        self.institution = institution
        self.events: list[AuditEvent] = []

    def add(
        self,
        at: datetime.datetime,
        action: str,
        actor: int | None,
        target: tuple[str, Any],
        data: dict[str, Any] | None = None,
    ) -> None:
        """`target` is a model's label and the row's key."""
        label, key = target
        event = AuditEvent(at=at, actor_id=actor, action=action, institution_id=self.institution)
        event.target_type, event.target_id, event.data = label, str(key), as_plain(data or {})
        self.events.append(event)

    def write(self, table: Table) -> None:
        previous = ""
        for event in sorted(self.events, key=lambda event: event.at):
            event.previous_digest = previous
            event.digest = previous = digest_of(event)
            table.add(
                at=event.at,
                actor_id=event.actor_id,
                action=event.action,
                institution_id=event.institution_id,
                target_type=event.target_type,
                target_id=event.target_id,
                data=canonical_json(event.data).decode(),
                previous_digest=event.previous_digest,
                digest=event.digest,
            )
