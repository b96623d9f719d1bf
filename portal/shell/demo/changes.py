"""What became of each assignment, as the database's triggers would have noted it: they are off while the demo loads."""

from __future__ import annotations

import datetime
from typing import NamedTuple

from portal.shell.demo.tables import Tables
from tasks.enums import AssignmentState


class Passage(NamedTuple):
    """Through the gate, into a state."""

    at: datetime.datetime
    by: int
    state: str


class Granted(NamedTuple):
    """More time."""

    at: datetime.datetime
    by: int
    until: datetime.date


def write_changes(
    tables: Tables,
    assignment: int,
    created_at: datetime.datetime,
    deadline: datetime.date,
    events: list[Passage | Granted],
) -> None:
    """`deadline` is the one that the assignment was made with. Loading ends with counting them all."""
    state = str(AssignmentState.NOT_STARTED)
    tables.changes.add(assignment_id=assignment, at=created_at, to_state=state, to_deadline=deadline, is_counted=True)
    for event in sorted(events, key=lambda event: event.at):
        before, state = state, event.state if isinstance(event, Passage) else state
        earlier, deadline = deadline, event.until if isinstance(event, Granted) else deadline
        tables.changes.add(
            assignment_id=assignment,
            at=event.at,
            by_id=event.by,
            from_state=before,
            to_state=state,
            from_deadline=earlier,
            to_deadline=deadline,
            is_counted=True,
        )
