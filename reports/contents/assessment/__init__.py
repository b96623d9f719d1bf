"""自评报告: what an institution signed of itself in a cycle, with its scores, its proof, and what was said of it."""

from __future__ import annotations

from typing import Any

from reports.contents import plain
from reports.contents.asked import Asked
from reports.contents.assessment.answers import ANSWERS
from reports.contents.assessment.evidence import EVIDENCE
from reports.contents.assessment.scores import SCORES
from reports.contents.assessment.verdict import VERDICT, review_of
from reports.contents.section import Contents, Context


def _scope(asked: Asked) -> Context:
    signed = asked.signed
    return {
        "institution": signed.institution,
        "signed": signed,
        "state": signed.stood(asked.until),
        "review": review_of(asked),
    }


def _scope_data(context: Context) -> dict[str, Any]:
    signed, review = context["signed"], context["review"]
    cycle = signed.cycle
    return plain.of_institution(context["institution"]) | {
        "cycle": cycle.local_title,
        "period": {"starts_on": cycle.period_starts_on, "ends_on": cycle.period_ends_on},
        "version": signed.version,
        "state": context["state"],
        "signed_by": signed.signed_by.name,
        "signed_at": signed.signed_at,
        "reviewed_at": review.created_at if review else None,
        "content_sha256": signed.sha256,
        "content_sm3": signed.sm3,
    }


ASSESSMENT = Contents(
    template="reports/pdf/assessment.html",
    scope=_scope,
    scope_data=_scope_data,
    sections=(SCORES, ANSWERS, VERDICT, EVIDENCE),
)
