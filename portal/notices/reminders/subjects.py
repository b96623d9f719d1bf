"""What there is to be reminded of. Each app registers its own when it is ready: they stand on floors above this one."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from portal.notices.enums import NoticeKind
from portal.notices.reminders.stages import Stage

# Stages by the plan's and the task's id, None where there is none.
Rules = dict[tuple[int | None, int | None], tuple[Stage, ...]]


@dataclass(frozen=True)
class Subject:
    """A kind of deadline.

    `rows` selects what is open and due by `%(latest)s`, with the columns `id` (text), `institution_id`,
    `authority_id` (null: every authority that supervises the institution), `handler_id` (the only supervisor to
    tell, or null), `plan_id`, `task_id`, `deadline`, `facts` (jsonb, what the texts are filled with), `path`,
    `cios_turn` (whether it waits for the CIO's signature) and `acted_at` (when somebody last worked on it). It has
    `{only}` at the end of its conditions, where `row_id`, the column of the id, may be compared with a list of
    `row_type`.
    """

    kind: NoticeKind
    name: str
    rows: str
    row_id: str
    parameters: Callable[[], dict[str, Any]]
    rules: Callable[[], Rules]
    listed_at: str  # the URL name of the list to which supervisors are led
    row_type: str = "bigint"

    def select(self, *, only: bool = False) -> str:
        return self.rows.format(only=f"AND {self.row_id} = ANY(%(ids)s::{self.row_type}[])" if only else "")


SUBJECTS: dict[NoticeKind, Subject] = {}


def register(subject: Subject) -> None:
    SUBJECTS[subject.kind] = subject


@dataclass(frozen=True)
class ReminderKey:
    """The key of a notice that reminds: which matter, by when, at which stage."""

    name: str
    row: str
    deadline: datetime.date
    stage: str

    @classmethod
    def parse(cls, key: str) -> ReminderKey:
        name, row, deadline, stage = key.split(":")
        return cls(name, row, datetime.date.fromisoformat(deadline), stage)


def stages_for(rules: Rules, plan_id: int | None, task_id: int | None) -> tuple[Stage, ...]:
    return rules.get((plan_id, task_id)) or rules.get((plan_id, None)) or rules[(None, None)]


def all_stages(rules: Rules) -> Iterable[Stage]:
    return (stage for stages in rules.values() for stage in stages)
