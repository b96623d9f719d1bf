"""How a score is printed; every template that shows one uses these."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from django import template

from assessments.models import SelfAssessment
from assessments.scores import in_words, scores_of

register = template.Library()


@register.filter
def score(value: Fraction | Decimal | None) -> str:
    """One decimal, half up; a dash where nothing was rated."""
    return in_words(value)


@register.filter
def change(value: Fraction | Decimal | None) -> str:
    """A difference of two scores, with its sign; a dash where one of them is missing."""
    words = in_words(value)
    if value is None or words.strip("-0.") == "":
        return words.removeprefix("-")
    return f"−{words[1:]}" if words.startswith("-") else f"+{words}"


@register.filter
def exact(value: Fraction) -> str:
    """A sum or a weight on the way to a score, at most two decimals and none that are needless."""
    text = f"{Decimal(value.numerator) / Decimal(value.denominator):.2f}"
    return text.rstrip("0").rstrip(".")


@register.inclusion_tag("assessments/_score.html")
def score_link(self_assessment: SelfAssessment, draft_content: dict | None = None) -> dict[str, object]:
    """The whole score, leading to the page that explains it; of a draft by what would be signed now."""
    content = self_assessment.content or draft_content or {"tasks": []}
    return {"pk": self_assessment.pk, "value": scores_of(content).whole.value}
