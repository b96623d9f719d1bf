"""What the supervising body said of the signed version."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy

from assessments.models import Remark, Review
from reports.contents.asked import Asked
from reports.contents.section import Context, Section


def review_of(asked: Asked) -> Review | None:
    """The review, if there was one by the end of the day."""
    review = getattr(asked.signed, "review", None)
    return review if review and review.created_at < asked.until else None


def _verdict(asked: Asked) -> Context:
    signed = asked.signed
    review = review_of(asked)
    remarks = review.remarks.select_related("requirement__task") if review else Remark.objects.none()
    return {
        "signed": signed,
        "state": signed.stood(asked.until),
        "review": review,
        "remarks": [remark for remark in remarks if remark.text],
    }


def _verdict_data(context: Context) -> dict[str, Any]:
    review = context["review"]
    if review is None:
        return {"review": None}
    return {
        "review": {
            "authority": review.authority.local_name,
            "verdict": review.verdict,
            "at": review.created_at,
            "comment": review.comment,
            "remarks": [
                {"requirement": remark.requirement.reference, "verdict": remark.verdict, "text": remark.text}
                for remark in context["remarks"]
            ],
        }
    }


VERDICT = Section(
    key="verdict",
    title=gettext_lazy("审核意见"),
    template="reports/pdf/sections/verdict.html",
    read=_verdict,
    data=_verdict_data,
)
