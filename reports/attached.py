"""The data that a PDF report carries in itself: every figure its pages print, by name, as canonical JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from assessments.models import Review
from plan.models import Plan, Task, Theme
from portal.accounts.models import Institution
from portal.audit.canonical import canonical_json
from reports.charts import HeatMap
from reports.enums import ReportKind
from reports.models import Report
from reports.progress import Bounded, Figures, Late, Line
from tasks.enums import AssignmentState
from tasks.models import Assignment

NAME = "report.json"
FORMAT = "compliance-supervision-portal/report/1"

Context = Mapping[str, Any]


def attach(context: Context) -> bytes:
    """The JSON of the context that the template prints. Names are in the report's language, shares are in percent."""
    report = context["report"]
    contents = {ReportKind.STATUS: _status, ReportKind.SUPERVISORY: _supervisory}[ReportKind(report.kind)]
    return canonical_json(
        {
            "format": FORMAT,
            "report": _report(report, context["seal"].code),
            "plan": _plan(context["plan"]),
            "day": context["now"].date(),
            "moment": context["now"],
            "rules": {
                "accepted_share": str(context["accepted_share_rule"]),
                "overdue": str(context["overdue_rule"]),
            },
            "figures": _figures(context["figures"]),
            "by_theme": _lines(context["by_theme"], _theme),
        }
        | contents(context)
    )


def _status(context: Context) -> dict[str, Any]:
    return {
        "scope": _institution(context["report"].institution),
        "tasks": [_progress_of(row, days) for row, days in context["rows"]],
        "open_returns": [_return(review) for review in context["returns"]],
    }


def _supervisory(context: Context) -> dict[str, Any]:
    authority = context["report"].authority
    return {
        "scope": {
            "authority": authority.local_name,
            "all_regions": authority.all_regions,
            "regions": [region.local_name for region in context["regions"]],
            "kinds": [str(kind) for kind in context["kinds"]],
        },
        "waiting_since": context["waiting_since"],
        "by_kind": _lines(context["by_kind"], lambda kind: {"code": kind.value, "label": str(kind.label)}),
        "by_task": _lines(context["by_task"], _task),
        "by_region": _lines(context["by_region"], lambda region: {"code": region.code, "name": region.local_name}),
        "heat_map": _heat_map(context["heat"]),
        "overdue": [_late(late) for late in context["overdue"]],
        "institutions": _institutions(context["institutions"]),
    }


def _report(report: Report, code: str) -> dict[str, str]:
    return {
        "number": report.number,
        "kind": report.kind,
        "title": str(report.get_kind_display()),
        "language": report.language,
        "verification_code": code,
    }


def _plan(plan: Plan) -> dict[str, Any]:
    return {"slug": plan.slug, "title": plan.local_title, "shift_years": plan.shift_years}


def _figures(figures: Figures) -> dict[str, Any]:
    return {
        "total": figures.total,
        "states": {state.value: figures.states[state] for state in AssignmentState},
        "overdue": figures.overdue,
        "accepted_share": figures.accepted_share,
        "overdue_share": figures.overdue_share,
    }


def _lines(lines: Iterable[Line], described: Callable[[Any], dict[str, Any]]) -> list[dict[str, Any]]:
    return [described(subject) | {"figures": _figures(figures)} for subject, figures in lines]


def _theme(theme: Theme) -> dict[str, Any]:
    return {"number": theme.number, "title": theme.local_title}


def _task(task: Task) -> dict[str, Any]:
    return {"number": task.number, "title": task.local_title}


def _institution(institution: Institution) -> dict[str, Any]:
    return {"institution": institution.local_name, "credit_code": institution.credit_code, "kind": institution.kind}


def _progress_of(assignment: Assignment, days: int) -> dict[str, Any]:
    return _standing(assignment, days) | {
        "part": assignment.part,
        "submissions": assignment.submission_count,
        "last_verdict": assignment.last_verdict,
        "last_verdict_at": assignment.last_verdict_at,
    }


def _standing(assignment: Assignment, days: int) -> dict[str, Any]:
    return {
        "task": _task(assignment.task),
        "state": assignment.state,
        "deadline": assignment.deadline,
        "deadline_is_official": assignment.deadline_is_official,
        "days_late": days,
    }


def _return(review: Review) -> dict[str, Any]:
    submission = review.submission
    return {
        "task": submission.assignment.task.number,
        "submission": submission.number,
        "authority": review.authority.local_name,
        "at": review.created_at,
        "reasons": [{"requirement": reason.requirement.reference, "text": reason.text} for reason in review.reasons],
        "comment": review.comment,
    }


def _late(late: Late) -> dict[str, Any]:
    institution = late.assignment.institution
    where = {"region": institution.region.local_name}
    return _institution(institution) | where | _standing(late.assignment, late.days)


def _institutions(institutions: Bounded) -> dict[str, Any]:
    def described(institution: Institution) -> dict[str, Any]:
        return _institution(institution) | {"region": institution.region.local_name}

    return {"total": institutions.total, "shown": _lines(institutions.rows, described)}


def _heat_map(heat: HeatMap) -> list[dict[str, Any]]:
    return [
        {"theme": head.full, "kind": column.full, "overdue": cell.figures.overdue, "share": cell.figures.overdue_share}
        for head, cells in heat.rows
        for column, cell in zip(heat.columns, cells, strict=True)
    ]
