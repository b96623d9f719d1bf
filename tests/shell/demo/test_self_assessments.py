"""Self-assessments of the demo say what their answers and scores do."""

from __future__ import annotations

import pytest

from assessments.actions.scores import score_rows, tasks_of
from assessments.content import content_to_sign as self_assessment_to_sign
from assessments.enums import SelfAssessmentState
from assessments.models import Answer, Cycle, Score, SelfAssessment
from portal.audit.canonical import canonical_json, digests

S = SelfAssessmentState

# One worker loads the demo, once.
pytestmark = pytest.mark.xdist_group("demo")


def test_self_assessments_hold_what_their_answers_say(demo):
    open_cycle = Cycle.objects.first()
    for row in SelfAssessment.objects.exclude(content=None).select_related("cycle__plan", "institution"):
        assert (row.sha256, row.sm3) == digests(canonical_json(row.content))
        if row.cycle == open_cycle:
            assert row.content == self_assessment_to_sign(row)


def without_evidence(content) -> dict:
    """What was linked at the time may have been replaced since."""
    tasks = [
        task | {"requirements": [entry | {"evidence": []} for entry in task["requirements"]]}
        for task in content["tasks"]
    ]
    return content | {"tasks": tasks}


def test_every_signed_self_assessment_has_the_shape_and_the_measures_of_a_real_one(demo):
    replies = measures = 0
    signed = SelfAssessment.objects.exclude(content=None).with_progress().select_related("cycle__plan", "institution")
    for row in signed:
        assert without_evidence(row.content) == without_evidence(self_assessment_to_sign(row))
        assert row.answered_total == row.asked_total
        entries = [entry for task in row.content["tasks"] for entry in task["requirements"]]
        replies += sum("reply" in entry for entry in entries)
        measures += sum("measure" in entry for entry in entries)
    assert replies
    assert measures


def test_scores_are_those_that_a_signature_keeps(demo):
    for row in SelfAssessment.objects.exclude(content=None).select_related("cycle").prefetch_related("scores"):
        kept = {(score.theme_id, score.task_id, score.value) for score in row.scores.all()}
        rows = score_rows(row, tasks_of(row.cycle.plan_id))
        assert kept == {(score.theme_id, score.task_id, score.value) for score in rows}
    assert not Score.objects.filter(self_assessment__content=None).exists()


def test_drafts_of_the_open_cycle_carry_over_what_was_accepted(demo):
    carried = Answer.objects.filter(is_carried_over=True).select_related("self_assessment__cycle")
    assert carried.exists()
    assert not carried.exclude(self_assessment__state=S.DRAFT).exists()
    for answer in carried:
        accepted = Answer.objects.filter(
            requirement=answer.requirement_id,
            self_assessment__institution=answer.self_assessment.institution_id,
            self_assessment__state=S.ACCEPTED,
        ).order_by("-self_assessment__cycle__period_ends_on")
        assert (answer.level, answer.in_place, answer.numerator, answer.measure, answer.reply) == (
            *accepted.values_list("level", "in_place", "numerator", "measure")[0],
            "",
        )
