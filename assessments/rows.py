"""Signed requirements laid out for a page, with what was said of each, and what stood there before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import groupby

from assessments.forms.reviews import RemarkFields, ReviewDraftForm
from assessments.history import NOTHING, Comments
from assessments.remarks import RemarkGiven, Tally, tally
from assessments.signed import EarlierAnswer, SignedRequirement, SignedTask
from plan.models import Requirement

SAID = Mapping[int, Comments]


@dataclass(frozen=True)
class Judging:
    """What the reviewer's page adds: where to judge, or what is drafted; and the answers of the version before."""

    form: ReviewDraftForm | None = None
    drafted: Mapping[int, RemarkGiven] = field(default_factory=dict)
    earlier: Mapping[str, EarlierAnswer] = field(default_factory=dict)

    def fields(self, requirement: Requirement) -> RemarkFields | None:
        return self.form.remark_fields(requirement) if self.form else None


@dataclass(frozen=True)
class Row:
    """`before`: what was said of earlier versions; `given`: of this one; `fields`: where to say it.

    `drafted` is what a reviewer has written and not sent, `earlier` what was answered before.
    """

    answer: SignedRequirement
    before: Comments
    given: Comments
    fields: RemarkFields | None
    drafted: RemarkGiven | None
    earlier: EarlierAnswer | None

    @property
    def is_unchanged(self) -> bool:
        """Whether the answer says what it said before, word for word, with files of the same names."""
        now = EarlierAnswer(self.answer.answer, self.answer.said, [file.name for file in self.answer.files])
        return self.earlier == now


@dataclass(frozen=True)
class TaskRows:
    task: SignedTask
    rows: list[Row]


@dataclass(frozen=True)
class ThemeRows:
    title: str
    tasks: list[TaskRows]

    @property
    def anchor(self) -> str:
        return f"theme-{self.tasks[0].task.number}"

    @property
    def total(self) -> int:
        return sum(len(task.rows) for task in self.tasks)

    @property
    def complete(self) -> int:
        return sum(task.task.complete for task in self.tasks)

    @property
    def progress(self) -> str:
        states = {task.task.progress for task in self.tasks}
        return states.pop() if len(states) == 1 else "in_progress"

    @property
    def tally(self) -> Tally:
        """How far the reviewer's draft has come in this theme."""
        rows = [row for task in self.tasks for row in task.rows]
        drafted = {row.answer.requirement.pk: row.drafted for row in rows if row.drafted}
        return tally([row.answer.requirement.pk for row in rows], drafted)


def themes_of(tasks: list[SignedTask], before: SAID, given: SAID, judging: Judging | None = None) -> list[ThemeRows]:
    judging = judging or Judging()
    laid_out = [TaskRows(task, [_row(r, before, given, judging) for r in task.requirements]) for task in tasks]
    return [ThemeRows(title, list(rows)) for title, rows in groupby(laid_out, key=lambda rows: rows.task.theme)]


def _row(signed: SignedRequirement, before: SAID, given: SAID, judging: Judging) -> Row:
    pk = signed.requirement.pk
    return Row(
        answer=signed,
        before=before.get(pk, NOTHING),
        given=given.get(pk, NOTHING),
        fields=judging.fields(signed.requirement),
        drafted=judging.drafted.get(pk),
        earlier=judging.earlier.get(signed.reference),
    )
