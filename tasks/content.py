"""What a signature on an assignment freezes, in the form that is digested."""

from __future__ import annotations

from typing import Any

from plan.models import Requirement
from portal.audit.canonical import Digests, as_plain, canonical_json, digests
from tasks.models import Assignment, Statement


def content_to_sign(assignment: Assignment) -> dict[str, Any]:
    """Statements, replies and evidence per requirement, as plain JSON."""
    task, institution = assignment.task, assignment.institution
    statements = {statement.requirement_id: statement for statement in assignment.statements.all()}
    evidence: dict[int, list[dict[str, Any]]] = {}
    for file in assignment.evidence.current():
        facts = {
            "id": file.pk,
            "name": file.original_name,
            "size": file.size,
            "sha256": file.sha256,
            "sm3": file.sm3,
        }
        evidence.setdefault(file.requirement_id, []).append(facts)
    return as_plain(
        {
            "plan": task.plan.slug,
            "task": {"number": task.number, "title": task.title},
            "institution": {"name": institution.name, "credit_code": institution.credit_code},
            "part": assignment.part,
            "deadline": assignment.deadline,
            "requirements": [
                _entry(requirement, statements.get(requirement.pk), evidence.get(requirement.pk, []))
                for requirement in assignment.requirements.select_related("task")
            ],
        }
    )


def _entry(requirement: Requirement, statement: Statement | None, evidence: list[dict[str, Any]]) -> dict[str, Any]:
    entry = {
        "reference": requirement.reference,
        "text": requirement.text,
        "statement": statement.text if statement else "",
        "evidence": evidence,
    }
    return entry | {"reply": statement.reply} if statement and statement.reply else entry


def digests_to_sign(content: dict[str, Any]) -> Digests:
    return digests(canonical_json(content))
