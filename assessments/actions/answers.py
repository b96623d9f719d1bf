"""Writing answers, complete or not, and standing behind those carried over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Prefetch
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from psycopg import sql

from assessments.answers import AnswerDraft, asked_by, fields_of
from assessments.models import Answer, SelfAssessment
from assessments.permissions import can_fill_in
from plan.models import Requirement
from portal.accounts.access import check
from portal.accounts.models import User
from portal.audit.actions import record
from portal.gate import WrongState
from tasks.models import Evidence

# What a version takes over from the one before it; replies are made anew.
WRITTEN = [
    "in_place",
    "level",
    "numerator",
    "denominator",
    "number",
    "date",
    "justification",
    "measure",
    "measure_owner",
    "measure_due_on",
]


class StaleAnswers(ValidationError):
    """Someone else saved meanwhile. `current` holds their answers by requirement id; nothing was saved."""

    def __init__(self, current: dict[int, Answer]) -> None:
        super().__init__(_("您编辑期间，他人已保存了新的内容。请核对两个版本后再保存。"), code="stale")
        self.current = current


class Change(NamedTuple):
    """An answer that was written, and the one before it."""

    requirement: Requirement
    answer: Answer
    before: Answer | None


@transaction.atomic
def save_answers(*, self_assessment: SelfAssessment, drafts: Mapping[int, AnswerDraft], by: User) -> SelfAssessment:
    """Save answers by requirement id, complete or not.

    Raises StaleAnswers when an answer was changed by someone else since the draft's revision, and WrongState
    when the self-assessment is not, or no longer, the institution's to edit.
    """
    self_assessment = _open_for_editing(self_assessment, by)
    changes = _save(self_assessment, drafts, _saved_answers(self_assessment, drafts), by)
    _record(self_assessment, [change.requirement for change in changes], by)
    return self_assessment


@transaction.atomic
def save_answer(
    *, self_assessment: SelfAssessment, requirement: Requirement, draft: AnswerDraft, by: User
) -> Answer | None:
    """Save one answer while it is being typed, and return it as it is now; None where nothing was ever typed.

    Raises what `save_answers` raises. The audit trail is told when a person begins to write an answer, not of each
    pause in their typing: when nobody wrote it before, when the last who did was somebody else, or when that was
    before this version was opened or last handed in. What came of it is in the answer's revision, time and author,
    and in what is signed.
    """
    self_assessment = _open_for_editing(self_assessment, by)
    saved = _saved_answers(self_assessment, [requirement.pk])
    changes = _save(self_assessment, {requirement.pk: draft}, saved, by)
    _record(self_assessment, [c.requirement for c in changes if _begins(c, self_assessment)], by)
    return changes[0].answer if changes else saved.get(requirement.pk)


@transaction.atomic
def confirm_answers(*, self_assessment: SelfAssessment, requirements: Iterable[Requirement], by: User) -> int:
    """Stand behind answers that were carried over, as they are; returns how many were not confirmed before.

    The text stays, and so do its author and its revision: a colleague who is rewriting it meanwhile goes on.
    """
    self_assessment = _open_for_editing(self_assessment, by)
    carried_over = self_assessment.answers.filter(requirement__in=list(requirements), is_carried_over=True)
    confirmed = list(asked_by(self_assessment).filter(pk__in=carried_over.values("requirement")))
    carried_over.update(is_carried_over=False)
    _record(self_assessment, confirmed, by, action="self_assessment.answers_confirmed")
    return len(confirmed)


def _open_for_editing(self_assessment: SelfAssessment, by: User) -> SelfAssessment:
    check(can_fill_in(by, self_assessment))
    rows = SelfAssessment.objects.select_for_update(of=("self",), no_key=True)
    locked = rows.select_related("cycle", "institution").get(pk=self_assessment.pk)
    if not locked.is_editable:
        state = {"state": locked.get_state_display()}
        raise WrongState(_("当前状态为“%(state)s”，不能编辑。") % state, code="wrong_state")
    if not locked.cycle.is_open:
        opening = {"day": date_format(locked.cycle.opens_on)}
        raise WrongState(_("本期自评自%(day)s起填报。") % opening, code="not_open")
    return locked


def _saved_answers(self_assessment: SelfAssessment, requirements: Iterable[int]) -> dict[int, Answer]:
    answers = self_assessment.answers.filter(requirement__in=requirements).select_related("updated_by")
    current = Prefetch("evidence", Evidence.objects.current())
    return {answer.requirement_id: answer for answer in answers.prefetch_related(current)}


def _save(
    self_assessment: SelfAssessment, drafts: Mapping[int, AnswerDraft], saved: Mapping[int, Answer], by: User
) -> list[Change]:
    """Write what differs from the answers `saved`. Raises StaleAnswers where one is newer than its draft's revision."""
    _check_evidence(self_assessment, drafts)
    requirements = asked_by(self_assessment).filter(pk__in=drafts)
    changes = [
        Change(r, _answer(self_assessment, r, drafts[r.pk], by), saved.get(r.pk))
        for r in requirements
        if _differs(drafts[r.pk], saved.get(r.pk), r)
    ]
    written = _upsert([change.answer for change in changes])
    if len(written) < len(changes):
        raise StaleAnswers({pk: saved[pk] for pk in (c.requirement.pk for c in changes) if pk not in written})
    for change in changes:
        change.answer.pk = written[change.requirement.pk]
    _link(changes, drafts)
    return changes


def _check_evidence(self_assessment: SelfAssessment, drafts: Mapping[int, AnswerDraft]) -> None:
    """Only current files of the institution itself are linked."""
    chosen = frozenset().union(*(draft.evidence for draft in drafts.values()))
    own = Evidence.objects.current().checked().filter(institution=self_assessment.institution_id, pk__in=chosen)
    if own.count() != len(chosen):
        raise ValidationError(_("所选材料中有的已被撤回或替换。请重新勾选。"), code="evidence")


def _differs(draft: AnswerDraft, saved: Answer | None, requirement: Requirement) -> bool:
    return (draft.fields, draft.evidence) != (fields_of(saved or Answer(), requirement.kind), _linked(saved))


def _linked(answer: Answer | None) -> frozenset:
    return frozenset(file.pk for file in answer.evidence.all()) if answer else frozenset()


def _answer(self_assessment: SelfAssessment, requirement: Requirement, draft: AnswerDraft, by: User) -> Answer:
    return Answer(
        self_assessment=self_assessment,
        requirement=requirement,
        **draft.fields,
        is_carried_over=False,
        revision=draft.revision + 1,
        updated_by=by,
        updated_at=timezone.now(),
    )


def _upsert(answers: list[Answer]) -> dict[int, int]:
    """Write the answers in one statement; returns the ids of those written, by requirement.

    The unique index finds the row, and only the revision right before an answer's own gives way to it: what somebody
    else saved meanwhile stays, and is missing from what is returned.
    """
    if not answers:
        return {}
    fields: list[Any] = [field for field in Answer._meta.concrete_fields if not field.primary_key]
    columns = [sql.Identifier(field.column) for field in fields]
    row = sql.SQL("({})").format(sql.SQL(", ").join(sql.Placeholder() * len(fields)))
    statement = sql.SQL(
        "INSERT INTO {table} AS saved ({columns}) VALUES {rows} ON CONFLICT (self_assessment_id, requirement_id) "
        "DO UPDATE SET {changes} WHERE saved.revision = EXCLUDED.revision - 1 RETURNING requirement_id, id"
    ).format(
        table=sql.Identifier(Answer._meta.db_table),
        columns=sql.SQL(", ").join(columns),
        rows=sql.SQL(", ").join([row] * len(answers)),
        changes=sql.SQL(", ").join(sql.SQL("{0} = EXCLUDED.{0}").format(column) for column in columns),
    )
    parameters = [
        field.get_db_prep_save(getattr(answer, field.attname), connection) for answer in answers for field in fields
    ]
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return dict(cursor.fetchall())


def _link(changes: list[Change], drafts: Mapping[int, AnswerDraft]) -> None:
    """Link the files ticked, where others were."""
    relinked = [change for change in changes if _linked(change.before) != drafts[change.requirement.pk].evidence]
    if not relinked:
        return
    links = Answer.evidence.through
    links.objects.filter(answer__in=[change.answer for change in relinked]).delete()
    links.objects.bulk_create(
        links(answer=change.answer, evidence_id=file)
        for change in relinked
        for file in drafts[change.requirement.pk].evidence
    )


def _begins(change: Change, self_assessment: SelfAssessment) -> bool:
    """Whether what was there is somebody else's, or from before this version was opened or last handed in."""
    before = change.before
    if before is None or before.updated_by_id != change.answer.updated_by_id:
        return True
    opened_at, handed_in_at = self_assessment.created_at, self_assessment.handed_in_at
    return before.updated_at <= max(opened_at, handed_in_at or opened_at)


def _record(
    self_assessment: SelfAssessment,
    requirements: list[Requirement],
    by: User,
    action: str = "self_assessment.answers_saved",
) -> None:
    if requirements:
        record(
            action=action,
            by=by,
            target=self_assessment,
            institution=self_assessment.institution,
            data={"requirements": [requirement.reference for requirement in requirements]},
        )
