"""Keeping the scores of what was signed."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef

from assessments.models import Score, SelfAssessment
from assessments.scores import scores_of, stored
from plan.models import Task
from portal.audit.actions import record

BATCH = 200


def write_scores(self_assessment: SelfAssessment) -> None:
    """Keep what a signed version comes to, in two queries; part of the transaction that signs it."""
    Score.objects.bulk_create(score_rows(self_assessment, tasks_of(self_assessment.cycle.plan_id)))


@transaction.atomic
def score_signed() -> int:
    """Score the versions that were signed before scores were kept, some at a time; returns how many there were."""
    unscored = SelfAssessment.objects.filter(
        ~Exists(Score.objects.filter(self_assessment=OuterRef("pk"))), signed_at__isnull=False
    ).select_related("cycle")
    plans: dict[int, list[Task]] = {}
    rows: list[Score] = []
    read = 0
    for self_assessment in unscored.iterator(chunk_size=BATCH):
        plan = self_assessment.cycle.plan_id
        if plan not in plans:
            plans[plan] = tasks_of(plan)
        rows += score_rows(self_assessment, plans[plan])
        read += 1
        if not read % BATCH:
            Score.objects.bulk_create(rows)
            rows = []
    Score.objects.bulk_create(rows)
    if read:
        record(action="self_assessments.scored", by=None, data={"self_assessments": read})
    return read


def tasks_of(plan: int) -> list[Task]:
    return list(Task.objects.filter(plan=plan).select_related("theme"))


def score_rows(self_assessment: SelfAssessment, tasks: Iterable[Task]) -> list[Score]:
    """Of whatever is rated: the whole, the themes, the tasks."""
    by_number = {task.number: task for task in tasks}
    themes = {task.theme.number: task.theme for task in by_number.values()}
    content = self_assessment.content or {"tasks": []}
    scores = scores_of(content, {number: task.theme.number for number, task in by_number.items()})
    found: list[tuple[dict[str, Any], Fraction | None]] = [({}, scores.whole.value)]
    found += [({"theme": themes[number]}, mean.value) for number, mean in scores.themes.items()]
    found += [({"task": by_number[task.number]}, task.value) for task in scores.tasks]
    return [
        Score(self_assessment=self_assessment, **subject, value=stored(value))
        for subject, value in found
        if value is not None
    ]
