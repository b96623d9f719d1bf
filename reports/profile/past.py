"""What went late, was put off or came back in the past."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from assessments.models import SelfAssessment
from reports.profile.seen import Seen
from reports.progress.of_institution import HalfYear, ReturnedTask, half_years, returned_tasks, signed_late
from tasks.models import Submission

HALF_YEARS, LATE_SHOWN, RETURNED_SHOWN = 6, 5, 5


class LateRow(NamedTuple):
    title: str
    url: str
    signed: Submission | SelfAssessment
    days: int


@dataclass(frozen=True)
class Past:
    half_years: list[HalfYear]
    late: list[LateRow]
    returned: list[ReturnedTask]


def past_of(seen: Seen) -> Past:
    return Past(
        half_years=half_years(
            seen.submissions, seen.self_assessments, seen.requests, limit=HALF_YEARS, until=seen.until
        ),
        late=[
            LateRow(_title(signed), seen.signed_url(signed), signed, days)
            for signed, days in signed_late(seen.submissions, seen.self_assessments, limit=LATE_SHOWN, until=seen.until)
        ],
        returned=returned_tasks(seen.reviews_of_doing, seen.reviews_of_judging, limit=RETURNED_SHOWN),
    )


def _title(signed: Submission | SelfAssessment) -> str:
    if isinstance(signed, Submission):
        task = signed.assignment.task
        return f"{task.number} {task.local_title}"
    return signed.cycle.local_title
