"""What a signature on a self-assessment freezes, in the form that is digested."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Prefetch

from assessments.answers import asked_by, values_of
from assessments.models import Answer, SelfAssessment
from plan.enums import RequirementKind
from plan.models import Requirement
from portal.audit.canonical import Digests, as_plain, canonical_json, digests
from tasks.models import Evidence


def content_to_sign(self_assessment: SelfAssessment) -> dict[str, Any]:
    """Every requirement asked, by task, with the answer and its evidence, as plain JSON."""
    cycle, institution = self_assessment.cycle, self_assessment.institution
    answers = {
        answer.requirement_id: answer
        for answer in self_assessment.answers.prefetch_related(Prefetch("evidence", Evidence.objects.current()))
    }
    return as_plain(
        {
            "plan": cycle.plan.slug,
            "cycle": {
                "title": cycle.title,
                "kind": cycle.kind,
                "period_starts_on": cycle.period_starts_on,
                "period_ends_on": cycle.period_ends_on,
            },
            "version": self_assessment.version,
            "institution": {"name": institution.name, "credit_code": institution.credit_code},
            "tasks": _by_task(
                (requirement, entry_of(requirement, answers.get(requirement.pk)))
                for requirement in asked_by(self_assessment)
            ),
        }
    )


def rated(answers: Iterable[tuple[Requirement, Answer | None]]) -> dict[str, Any]:
    """As much of the content as scores are reckoned from."""
    return as_plain({"tasks": _by_task((requirement, _rated(requirement, answer)) for requirement, answer in answers)})


def _by_task(entries: Iterable[tuple[Requirement, dict[str, Any]]]) -> list[dict[str, Any]]:
    tasks: dict[int, dict[str, Any]] = {}
    for requirement, entry in entries:
        task = requirement.task
        of_task = tasks.setdefault(
            task.number,
            {
                "number": task.number,
                "title": task.title,
                "theme": task.theme.number,
                "weight": task.weight,
                "requirements": [],
            },
        )
        of_task["requirements"].append(entry)
    return list(tasks.values())


def _rated(requirement: Requirement, answer: Answer | None) -> dict[str, Any]:
    return {
        "reference": requirement.reference,
        "binding": requirement.binding,
        "weight": requirement.weight,
        **value_of(requirement, answer),
    }


def entry_of(requirement: Requirement, answer: Answer | None) -> dict[str, Any]:
    """One requirement with its answer; the answer's evidence is what was prefetched."""
    entry = {
        **_rated(requirement, answer),
        "text": requirement.text,
        "justification": answer.justification if answer else "",
        "evidence": [_file(file) for file in answer.evidence.all()] if answer else [],
    }
    if answer and answer.measure:
        entry["measure"] = {"text": answer.measure, "owner": answer.measure_owner, "due_on": answer.measure_due_on}
    if answer and answer.reply:
        entry["reply"] = answer.reply
    if requirement.kind == RequirementKind.MATURITY and answer and answer.level is not None:
        entry["criterion"] = requirement.criteria[answer.level]["zh"]
    return entry


def value_of(requirement: Requirement, answer: Answer | None) -> dict[str, Any]:
    """The part of an entry that holds the value, with what it takes to read it."""
    values = values_of(answer, requirement.kind) if answer else {}
    entry = {
        "kind": requirement.kind,
        "unit": requirement.unit,
        "answer": {field: value for field, value in values.items() if value is not None},
    }
    if answer and answer.percentage is not None:
        entry["percentage"] = answer.percentage
    return entry


def _file(file: Evidence) -> dict[str, Any]:
    return {
        "id": file.pk,
        "name": file.original_name,
        "size": file.size,
        "sha256": file.sha256,
        "sm3": file.sm3,
    }


def digests_to_sign(content: dict[str, Any]) -> Digests:
    return digests(canonical_json(content))
