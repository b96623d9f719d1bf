"""The work on assignments is true to the rules that real work keeps."""

from collections import Counter

import pytest

from assessments.enums import SelfAssessmentState, Verdict
from assessments.models import Remark, Review, SelfAssessment
from portal.audit.canonical import canonical_json, digests
from tasks.actions import content_to_sign, missing
from tasks.enums import AssignmentState
from tasks.models import Assignment, Submission

A = AssignmentState

# One worker loads the demo, once.
pytestmark = pytest.mark.xdist_group("demo")


def test_work_is_in_every_state(demo):
    assert set(Assignment.objects.values_list("state", flat=True)) == set(AssignmentState.values)
    assert set(SelfAssessment.objects.values_list("state", flat=True)) == set(SelfAssessmentState.values)
    assert set(Review.objects.values_list("verdict", flat=True)) == set(Verdict.values)
    assert Assignment.objects.overdue().exists()
    assert Submission.objects.filter(number=2).exists()


def test_kinds_and_tasks_differ_as_in_life(demo):
    accepted = Counter(Assignment.objects.filter(state=A.ACCEPTED).values_list("institution", flat=True))
    assert max(accepted.values()) > 2 * min(accepted.values())
    by_task = Counter(Assignment.objects.filter(state=A.ACCEPTED).values_list("task__number", flat=True))
    assert len(set(by_task.values())) > 5


def test_what_is_signed_is_what_stands_there_and_its_digest_is_right(demo):
    signed = Submission.objects.select_related("assignment__task__plan", "assignment__institution")
    latest = signed.order_by("assignment_id", "-number").distinct("assignment_id")
    for submission in signed:
        assert (submission.sha256, submission.sm3) == digests(canonical_json(submission.content))
    for submission in latest.filter(assignment__state__in=[A.SUBMITTED, A.ACCEPTED]):
        assert submission.content == content_to_sign(submission.assignment)
    for submission in latest.filter(assignment__state=A.RETURNED):
        for requirement in submission.content["requirements"]:
            requirement.pop("reply", "")  # a return wants new replies
        assert submission.content == content_to_sign(submission.assignment)


def test_work_before_a_signature_is_complete_and_work_under_way_is_not(demo):
    for assignment in Assignment.objects.filter(state=A.AWAITING_SIGNATURE):
        assert not missing(assignment)
    for assignment in Assignment.objects.filter(state=A.IN_PROGRESS).with_progress():
        assert assignment.requirements_done < assignment.requirements_total


def test_every_return_says_why(demo):
    for review in Review.objects.filter(verdict=Verdict.RETURNED):
        assert review.reasons
    remarks = Remark.objects.filter(review__verdict=Verdict.ACCEPTED)
    assert set(remarks.values_list("verdict", flat=True)) == {Verdict.ACCEPTED}
