"""Writing answers, complete or not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Prefetch
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from assessments.answers import VALUE_FIELDS, AnswerDraft, asked_by, values_of
from assessments.models import Answer, SelfAssessment
from assessments.permissions import can_fill_in
from plan.enums import RequirementKind
from plan.models import Requirement
from portal.accounts.access import check
from portal.accounts.models import User
from portal.audit.actions import record
from portal.gate import WrongState
from tasks.models import Evidence

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


@transaction.atomic
def save_answers(*, self_assessment: SelfAssessment, drafts: Mapping[int, AnswerDraft], by: User) -> SelfAssessment:
    """Save answers by requirement id, complete or not.

    Raises StaleAnswers when an answer was changed by someone else since the draft's revision, and WrongState
    when the self-assessment is not, or no longer, the institution's to edit.
    """
    self_assessment = _open_for_editing(self_assessment, by)
    _check_evidence(self_assessment, drafts)
    saved = _saved_answers(self_assessment, drafts)
    requirements = list(asked_by(self_assessment).filter(pk__in=drafts))
    changed = [r for r in requirements if _differs(drafts[r.pk], saved.get(r.pk), r)]
    stale = {r.pk: saved[r.pk] for r in changed if r.pk in saved and drafts[r.pk].revision != saved[r.pk].revision}
    if stale:
        raise StaleAnswers(stale)
    if changed:
        _write(self_assessment, [(r, drafts[r.pk], saved.get(r.pk)) for r in changed], by)
        record(
            action="self_assessment.answers_saved",
            by=by,
            target=self_assessment,
            institution=self_assessment.institution,
            data={"requirements": [r.reference for r in changed]},
        )
    return self_assessment


def _open_for_editing(self_assessment: SelfAssessment, by: User) -> SelfAssessment:
    check(can_fill_in(by, self_assessment))
    locked = SelfAssessment.objects.select_for_update(of=("self",)).get(pk=self_assessment.pk)
    if not locked.is_editable:
        state = {"state": locked.get_state_display()}
        raise WrongState(_("当前状态为“%(state)s”，不能编辑。") % state, code="wrong_state")
    if not locked.cycle.is_open:
        opening = {"day": date_format(locked.cycle.opens_on)}
        raise WrongState(_("本期自评自%(day)s起填报。") % opening, code="not_open")
    return locked


def _check_evidence(self_assessment: SelfAssessment, drafts: Mapping[int, AnswerDraft]) -> None:
    """Only current files of the institution itself are linked."""
    chosen = frozenset().union(*(draft.evidence for draft in drafts.values()))
    own = Evidence.objects.current().checked().filter(institution=self_assessment.institution_id, pk__in=chosen)
    if own.count() != len(chosen):
        raise ValidationError(_("所选材料中有的已被撤回或替换。请重新勾选。"), code="evidence")


def _saved_answers(self_assessment: SelfAssessment, requirements: Iterable[int]) -> dict[int, Answer]:
    answers = self_assessment.answers.filter(requirement__in=requirements).select_related("updated_by")
    current = Prefetch("evidence", Evidence.objects.current())
    return {answer.requirement_id: answer for answer in answers.prefetch_related(current)}


def _differs(draft: AnswerDraft, saved: Answer | None, requirement: Requirement) -> bool:
    before = saved or Answer()
    linked = {file.pk for file in saved.evidence.all()} if saved else set()
    return (dict(draft.values), draft.justification, draft.evidence) != (
        values_of(before, requirement.kind),
        before.justification,
        linked,
    )


def _write(
    self_assessment: SelfAssessment, changes: list[tuple[Requirement, AnswerDraft, Answer | None]], by: User
) -> None:
    answers = []
    for requirement, draft, saved in changes:
        answer = saved or Answer(self_assessment=self_assessment, requirement=requirement)
        for field in VALUE_FIELDS[RequirementKind(requirement.kind)]:
            setattr(answer, field, draft.values[field])
        answer.justification = draft.justification
        answer.revision += 1
        answer.updated_by = by
        answer.updated_at = timezone.now()
        answers.append(answer)
    Answer.objects.bulk_create(
        answers,
        update_conflicts=True,
        unique_fields=["self_assessment", "requirement"],
        update_fields=[*WRITTEN, "revision", "updated_by", "updated_at"],
    )
    links = Answer.evidence.through
    links.objects.filter(answer__in=answers).delete()
    links.objects.bulk_create(
        links(answer=answer, evidence_id=file)
        for answer, (_requirement, draft, _saved) in zip(answers, changes, strict=True)
        for file in draft.evidence
    )
