"""The data that a PDF report carries in itself: every figure its pages print, by name, as canonical JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from plan.models import Plan
from portal.audit.canonical import canonical_json
from reports.contents.asked import Asked
from reports.models import Report
from reports.progress import ACCEPTED_SHARE_RULE, OVERDUE_RULE

NAME = "report.json"
FORMAT = "compliance-supervision-portal/report/1"


def attach(asked: Asked, *, code: str, scope: Mapping[str, Any], parts: Iterable[Mapping[str, Any]]) -> bytes:
    """The JSON of what the sections print. Names are in the report's language, shares are in percent."""
    head = {
        "format": FORMAT,
        "report": _report(asked.report, code),
        "plan": _plan(asked.plan),
        "scope": scope,
        "day": asked.day,
        "moment": asked.now,
        "rules": {"accepted_share": str(ACCEPTED_SHARE_RULE), "overdue": str(OVERDUE_RULE)},
    }
    return canonical_json(head | {name: value for part in parts for name, value in part.items()})


def _report(report: Report, code: str) -> dict[str, Any]:
    return {
        "number": report.number,
        "kind": report.kind,
        "title": report.title,
        "language": report.language,
        "verification_code": code,
        **_approval(report),
    }


def _approval(report: Report) -> dict[str, Any]:
    """Whether a composed report is a draft still, or who approved it and when."""
    if report.composition is None:
        return {}
    if report.is_draft:
        return {"is_draft": True}
    return {
        "is_draft": False,
        "approved_at": report.composition.approved_at,
        "approved_by": report.composition.approved_by.name,
    }


def _plan(plan: Plan) -> dict[str, Any]:
    return {"slug": plan.slug, "title": plan.local_title, "shift_years": plan.shift_years}
