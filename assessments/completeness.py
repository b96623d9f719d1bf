"""How far the answers of a self-assessment are, and what they still lack before it may be handed in.

An answer lacks nothing when it has the value of its requirement's kind and says why; when a measure with an owner
and a date is planned, where a gap remains; when somebody confirmed what was carried over; and when it replies to
the reason, where the last return was for its requirement. `AnswerQuerySet.complete` is the same rule in SQL.

What is mandatory must lack nothing. What is encouraged may be left open or half done, but whatever was carried over
is confirmed or cleared, so that nothing is signed unread, and a returned requirement is replied to.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Count, Q

from assessments.answers import has_gap, values_of
from assessments.asked import asked
from assessments.enums import Lack
from assessments.models import Answer, SelfAssessment
from assessments.querysets import returns_before
from plan.enums import Binding
from plan.models import Requirement

NEVER_LEFT_OPEN = frozenset({Lack.CONFIRMATION, Lack.REPLY})


@dataclass(frozen=True)
class Line:
    """A requirement asked, its answer as it stands, and how many current files are linked to it."""

    requirement: Requirement
    answer: Answer | None
    files: int
    lacks: tuple[Lack, ...]

    @property
    def reference(self) -> str:
        return self.requirement.reference

    @property
    def is_complete(self) -> bool:
        return not self.lacks

    @property
    def is_missing(self) -> bool:
        """Whether it keeps the self-assessment from being handed in."""
        return bool(self.missing)

    @property
    def missing(self) -> list[Lack]:
        """What has to be supplied before the self-assessment may be handed in."""
        if self.requirement.binding == Binding.MANDATORY:
            return list(self.lacks)
        return [lack for lack in self.lacks if lack in NEVER_LEFT_OPEN]

    @property
    def progress(self) -> str:
        """How far the answer is, as the name of a state in portal/states.py."""
        return progress_of(self.answer, self.lacks)

    @property
    def in_words(self) -> str:
        """The reference with what is missing, for a message that has no room for links."""
        return f"{self.reference}（{'、'.join(str(lack.label) for lack in self.missing)}）"


def lines_of(self_assessment: SelfAssessment) -> list[Line]:
    """Every requirement asked, in the plan's order: four queries at most. Criteria are left behind."""
    plan = self_assessment.cycle.plan
    tasks = {task.pk: task for task in plan.tasks.select_related("theme")}
    requirements = list(asked(self_assessment.institution_id, plan).defer("criteria"))
    for requirement in requirements:
        requirement.task = tasks[requirement.task_id]
    current = Q(evidence__isnull=False, evidence__withdrawn_at=None, evidence__superseded_at=None)
    answers = {
        answer.requirement_id: answer
        for answer in self_assessment.answers.annotate(files=Count("evidence", filter=current))
    }
    returned = awaiting_reply(self_assessment)
    return [
        Line(
            requirement,
            answers.get(requirement.pk),
            getattr(answers.get(requirement.pk), "files", 0),
            lacks_of(
                answers.get(requirement.pk), requirement, plan.measures_below, is_returned=requirement.pk in returned
            ),
        )
        for requirement in requirements
    ]


def awaiting_reply(self_assessment: SelfAssessment) -> set[int]:
    """The ids of the requirements for which the last return gave a reason: each needs a reply."""
    if self_assessment.version == 1:
        return set()
    returns = returns_before(
        cycle=self_assessment.cycle_id, institution=self_assessment.institution_id, version=self_assessment.version
    )
    return set(returns.values_list("requirement", flat=True))


def lacks_of(
    answer: Answer | None, requirement: Requirement, measures_below: int, *, is_returned: bool
) -> tuple[Lack, ...]:
    """What an answer lacks; `measures_below` is the plan's level under which a measure is needed."""
    answer = answer or Answer()
    values = values_of(answer, requirement.kind)
    needs_measure = has_gap(values, measures_below)
    found = {
        Lack.VALUE: None in values.values(),
        Lack.JUSTIFICATION: not answer.justification,
        Lack.MEASURE: needs_measure and not answer.measure,
        Lack.MEASURE_OWNER: needs_measure and not answer.measure_owner,
        Lack.MEASURE_DUE_ON: needs_measure and not answer.measure_due_on,
        Lack.CONFIRMATION: answer.is_carried_over,
        Lack.REPLY: is_returned and not answer.reply,
    }
    return tuple(lack for lack, is_lacking in found.items() if is_lacking)


def progress_of(answer: Answer | None, lacks: Collection[Lack]) -> str:
    """How far an answer that lacks these is, as the name of a state in portal/states.py."""
    if not lacks:
        return "answered"
    if answer and answer.is_carried_over:
        return "carried_over"
    return "not_started" if {Lack.VALUE, Lack.JUSTIFICATION} <= set(lacks) else "in_progress"


def completely_answered(self_assessment: SelfAssessment) -> frozenset[int]:
    """The ids of the requirements that lack nothing, read at once where no more is wanted."""
    complete = Answer.objects.complete().filter(self_assessment=self_assessment)
    return frozenset(complete.values_list("requirement", flat=True))


def missing(self_assessment: SelfAssessment) -> list[Line]:
    """What keeps the self-assessment from being handed in, with what each of it lacks."""
    return [line for line in lines_of(self_assessment) if line.is_missing]
