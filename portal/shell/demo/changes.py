"""What became of each assignment, as the database's triggers would have noted it: they are off while the demo loads."""

from __future__ import annotations

import datetime
from typing import Any, NamedTuple

from portal.days import NEVER
from portal.shell.demo.tables import Tables
from tasks.enums import AssignmentState
from tasks.past import TIMES


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


class Whose(NamedTuple):
    """An assignment, the institution that it is for, and its task."""

    assignment_id: int
    institution_id: int
    task_id: int


def write_changes(
    tables: Tables,
    whose: Whose,
    created_at: datetime.datetime,
    deadline: datetime.date,
    events: list[Passage | Granted],
) -> None:
    """`deadline` is the one that the assignment was made with. Loading ends with counting them all."""
    state = str(AssignmentState.NOT_STARTED)
    facts: list[dict[str, Any]] = [{"at": created_at, "to_state": state, "to_deadline": deadline}]
    times: dict[str, datetime.datetime] = {}
    for event in sorted(events, key=lambda event: event.at):
        before, state = state, event.state if isinstance(event, Passage) else state
        earlier, deadline = deadline, event.until if isinstance(event, Granted) else deadline
        if isinstance(event, Passage) and (name := f"{event.state}_at") in TIMES:
            times[name] = event.at
        fact = {"from_state": before, "to_state": state, "from_deadline": earlier, "to_deadline": deadline}
        facts.append({"at": event.at, "by_id": event.by, **fact, **times})
    ends = [fact["at"] for fact in facts[1:]] + [NEVER]
    for fact, until in zip(facts, ends, strict=True):
        tables.changes.add(**whose._asdict(), **fact, until=until, is_counted=True)
