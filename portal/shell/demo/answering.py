"""What an institution says of itself: values, why, and what it plans where a gap remains."""

from __future__ import annotations

import datetime
import random
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from plan.enums import RequirementKind
from portal.shell.demo import texts
from portal.shell.demo.duties import Demand
from portal.shell.demo.moments import DAY

# By the requirement's id: fields of Answer.
Answers = dict[int, dict[str, Any]]

# From one cycle to the next most levels stay, and some rise.
STAYS, RISES = 0.55, 0.25
MEASURES_TAKE = (40, 240)


def answers(
    rng: random.Random,
    asked: list[Demand],
    diligence: float,
    before: Mapping[int, dict[str, Any]],
    measures_below: int,
    today: datetime.date,
) -> Answers:
    """One for each requirement asked; `before` holds those that were accepted last, `today` is the cycle's end."""
    found: Answers = {}
    for demand in asked:
        answer = _value(rng, demand, diligence, before.get(demand.pk))
        answer["justification"] = texts.justification(rng, demand.kind)
        if _is_gap(answer, measures_below):
            answer["measure"] = rng.choice(texts.MEASURES)
            answer["measure_owner"] = rng.choice(texts.OWNERS)
            answer["measure_due_on"] = today + rng.randint(*MEASURES_TAKE) * DAY
        found[demand.pk] = answer
    return found


def _value(rng: random.Random, demand: Demand, diligence: float, before: dict[str, Any] | None) -> dict[str, Any]:
    """Where an institution of that diligence stands, by the requirement's kind."""
    luck = rng.random() if before else 1.0
    if demand.kind == RequirementKind.MATURITY:
        if before and luck < STAYS + RISES:
            return {"level": min(5, before["level"] + (luck >= STAYS))}
        return {"level": min(5, max(0, round(diligence * 4.4 + rng.gauss(0.2, 0.9))))}
    if demand.kind == RequirementKind.RATIO:
        denominator = Decimal(rng.randrange(200, 9000)).quantize(Decimal("0.01"))
        share = Decimal(rng.randrange(400, 3600)) / 10000
        return {"denominator": denominator, "numerator": (denominator * share).quantize(Decimal("0.01"))}
    if before and luck < STAYS:
        return {"in_place": before["in_place"]}
    return {"in_place": rng.random() < 0.35 + diligence * 0.75}


def _is_gap(answer: dict[str, Any], measures_below: int) -> bool:
    """The rule of `assessments.asked.GAP`; a test holds the two against each other."""
    if answer.get("in_place") is False:
        return measures_below > 0
    return answer.get("level", measures_below) < measures_below
