"""Rows and figures as plain data, for the JSON in a report. Shares are in percent, and null where nothing applies."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from plan.models import Requirement, Task, Theme
from portal.accounts.enums import InstitutionKind
from portal.accounts.models import Institution, Region
from reports.progress import Figures, Line
from tasks.enums import AssignmentState
from tasks.models import Assignment


def of_figures(figures: Figures) -> dict[str, Any]:
    return {
        "total": figures.total,
        "states": {state.value: figures.states[state] for state in AssignmentState},
        "overdue": figures.overdue,
        "accepted_share": figures.accepted_share,
        "overdue_share": figures.overdue_share,
    }


def of_lines(lines: Iterable[Line], described: Callable[[Any], dict[str, Any]]) -> list[dict[str, Any]]:
    return [described(subject) | {"figures": of_figures(figures)} for subject, figures in lines]


def of_theme(theme: Theme) -> dict[str, Any]:
    return {"number": theme.number, "title": theme.local_title}


def of_task(task: Task) -> dict[str, Any]:
    return {"number": task.number, "title": task.local_title}


def of_requirement(requirement: Requirement) -> dict[str, Any]:
    return {"reference": requirement.reference, "text": requirement.local_text}


def of_kind(kind: InstitutionKind) -> dict[str, Any]:
    return {"code": kind.value, "label": str(kind.label)}


def of_region(region: Region) -> dict[str, Any]:
    return {"code": region.code, "name": region.local_name}


def of_institution(institution: Institution) -> dict[str, Any]:
    return {"institution": institution.local_name, "credit_code": institution.credit_code, "kind": institution.kind}


def with_region(institution: Institution) -> dict[str, Any]:
    return of_institution(institution) | {"region": institution.region.local_name}


def of_assignment(assignment: Assignment, days: int) -> dict[str, Any]:
    """How it stands, and how many days it is late; whether a deadline was official on a past day is not known."""
    return {
        "task": of_task(assignment.task),
        "state": assignment.state,
        "deadline": assignment.deadline,
        "deadline_is_official": None if assignment.known_on else assignment.deadline_is_official,
        "days_late": days,
    }
