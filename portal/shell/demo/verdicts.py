"""What supervisors say: a review of something signed, with reasons where it is returned and a word where it is not."""

from __future__ import annotations

import datetime
import random
from collections.abc import Sequence
from typing import Any

from assessments.enums import Verdict
from portal.shell.demo import texts
from portal.shell.demo.bodies import Reviewer
from portal.shell.demo.duties import Demand
from portal.shell.demo.tables import Tables


def write_verdict(
    *,
    tables: Tables,
    rng: random.Random,
    reviewer: Reviewer,
    failing: list[Demand],
    noted: Sequence[Demand] = (),
    at: datetime.datetime,
    **signed: int,
) -> dict[str, Any]:
    """Write the review of `submission_id=` or `self_assessment_id=`; return what its audit record tells.

    It returns what was signed when requirements are `failing`, and accepts it else. Those `noted` get a remark
    although they are accepted.
    """
    comment = rng.choice(texts.RETURNED_COMMENTS if failing else texts.ACCEPTED_COMMENTS)
    review = tables.reviews.add(
        authority_id=reviewer.authority,
        reviewer_id=reviewer.user,
        verdict=(Verdict.RETURNED if failing else Verdict.ACCEPTED).value,
        comment=comment,
        created_at=at,
        **signed,
    )
    remarks = {}
    for demand in failing:
        remark = {"verdict": Verdict.RETURNED.value, "text": texts.reason(rng, demand.kind)}
        tables.remarks.add(review_id=review, requirement_id=demand.pk, **remark)
        remarks[demand.reference] = remark
    for demand in noted:
        remark = {"verdict": Verdict.ACCEPTED.value, "text": rng.choice(texts.ACCEPTED_REMARKS)}
        tables.remarks.add(review_id=review, requirement_id=demand.pk, **remark)
        remarks[demand.reference] = remark
    return {"review": review, "authority": reviewer.name, "comment": comment, "remarks": remarks}
