"""What an answer lacks: one rule, in Python for the answer at hand and in SQL for many; the two agree."""

import datetime

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assessments import actions
from assessments.completeness import Line, lacks_of, lines_of, missing
from assessments.enums import Lack, SelfAssessmentState, Verdict
from assessments.models import Answer, Remark, Review, SelfAssessment
from plan.enums import Binding, RequirementKind
from plan.models import Plan, Requirement
from tests.assessments.world import VALUES, answer_all
from tests.factories.assessments import AnswerFactory, ReviewFactory, SelfAssessmentFactory

K = RequirementKind
S = SelfAssessmentState
MEASURE = {"measure": "补齐演练。", "measure_owner": "张三", "measure_due_on": datetime.date(2026, 9, 30)}
pytestmark = pytest.mark.django_db


def returned(world, requirement, version=1):
    """A version that was returned for that requirement; the next one is to be made by the test."""
    row = SelfAssessmentFactory(cycle=world.cycle, institution=world.institution, version=version, state=S.RETURNED)
    review = ReviewFactory(self_assessment=row, verdict=Verdict.RETURNED)
    Remark.objects.create(review=review, requirement=requirement, verdict=Verdict.RETURNED, text="请补充。")
    return row


def second_version(world, requirement):
    world.draft.delete()
    returned(world, requirement)
    return SelfAssessmentFactory(cycle=world.cycle, institution=world.institution, version=2)


def line_of(self_assessment, requirement) -> Line:
    return next(line for line in lines_of(self_assessment) if line.requirement == requirement)


def lacks(world, requirement, **answer):
    return set(lacks_of(Answer(**answer), requirement, world.plan.measures_below, is_returned=False))


def test_an_answer_that_is_not_there_lacks_value_and_words(world):
    line = line_of(world.draft, world.requirement(K.NUMBER))
    assert line.missing == [Lack.VALUE, Lack.JUSTIFICATION]
    assert line.in_words == "1.4（缺评估结果、缺说明）"


@pytest.mark.parametrize("kind", list(K))
def test_a_whole_answer_lacks_nothing(world, kind):
    assert not lacks(world, world.requirement(kind), justification="已落实。", **VALUES[kind])


@pytest.mark.parametrize(
    ("kind", "below", "values", "has_gap"),
    [
        (K.MATURITY, 3, {"level": 2}, True),
        (K.MATURITY, 3, {"level": 3}, False),
        (K.MATURITY, 3, {"level": 0}, True),
        (K.MATURITY, 0, {"level": 0}, False),
        (K.YES_NO, 3, {"in_place": False}, True),
        (K.YES_NO, 0, {"in_place": False}, False),
        (K.EVIDENCE, 1, {"in_place": False}, True),
        (K.EVIDENCE, 1, {"in_place": True}, False),
    ],
)
def test_a_gap_needs_a_measure_with_an_owner_and_a_date(world, kind, below, values, has_gap):
    world.plan.measures_below = below
    requirement = world.requirement(kind)
    wanted = set(MEASURE) if has_gap else set()
    assert lacks(world, requirement, justification="一。", **values) == wanted
    assert not lacks(world, requirement, justification="一。", **values, **MEASURE)
    for part in MEASURE:
        without = {name: value for name, value in MEASURE.items() if name != part}
        assert lacks(world, requirement, justification="一。", **values, **without) == wanted & {part}


def test_what_is_encouraged_may_be_left_open_but_not_signed_unread(world):
    requirement = world.second.requirements.get(binding=Binding.ENCOURAGED)
    assert not line_of(world.draft, requirement).is_missing
    answer = AnswerFactory(self_assessment=world.draft, requirement=requirement, justification="")
    assert not line_of(world.draft, requirement).is_missing
    answer.is_carried_over = True
    answer.save()
    assert line_of(world.draft, requirement).missing == [Lack.CONFIRMATION]


def test_an_unconfirmed_answer_keeps_it_from_being_handed_in(world):
    answer_all(world)
    world.draft.answers.filter(requirement=world.requirement(K.DATE)).update(is_carried_over=True)
    with pytest.raises(ValidationError, match=r"1\.5（沿用的内容待确认）"):
        actions.hand_in(self_assessment=world.draft, by=world.contributor)


@pytest.mark.parametrize("binding", list(Binding))
def test_a_returned_requirement_wants_a_reply(world, binding):
    requirement = world.requirement(K.YES_NO)
    requirement.binding = binding
    requirement.save()
    draft = second_version(world, requirement)
    answer = AnswerFactory(self_assessment=draft, requirement=requirement, in_place=True)
    assert line_of(draft, requirement).missing == [Lack.REPLY]
    answer.reply = "已补充。"
    answer.save()
    assert not line_of(draft, requirement).is_missing


def test_a_requirement_without_an_answer_wants_its_reply_too(world):
    requirement = world.second.requirements.get(binding=Binding.ENCOURAGED)
    draft = second_version(world, requirement)
    assert line_of(draft, requirement).missing == [Lack.REPLY]


def test_only_the_last_return_counts_and_a_withdrawal_does_not_settle_it(world):
    first, second = world.requirement(K.YES_NO), world.requirement(K.DATE)
    world.draft.delete()
    returned(world, first)
    returned(world, second, version=2)
    SelfAssessmentFactory(cycle=world.cycle, institution=world.institution, version=3, state=S.WITHDRAWN)
    draft = SelfAssessmentFactory(cycle=world.cycle, institution=world.institution, version=4)
    assert [line.requirement for line in lines_of(draft) if Lack.REPLY in line.lacks] == [second]


def test_a_remark_on_an_accepted_requirement_wants_no_reply(world):
    requirement, other = world.requirement(K.YES_NO), world.requirement(K.DATE)
    draft = second_version(world, requirement)
    Remark.objects.create(review=Review.objects.get(), requirement=other, verdict=Verdict.ACCEPTED, text="很好。")
    assert [line.requirement for line in lines_of(draft) if Lack.REPLY in line.lacks] == [requirement]


# --- The same in SQL --------------------------------------------------------------------------------------

ANSWERS = st.fixed_dictionaries(
    {
        "justification": st.sampled_from(["", "已落实。"]),
        "is_carried_over": st.booleans(),
        "reply": st.sampled_from(["", "已补充。"]),
        "measure": st.sampled_from(["", "补齐。"]),
        "measure_owner": st.sampled_from(["", "张三"]),
        "measure_due_on": st.sampled_from([None, datetime.date(2026, 9, 30)]),
    }
)
VALUE = {
    K.EVIDENCE: st.fixed_dictionaries({"in_place": st.sampled_from([None, True, False])}),
    K.YES_NO: st.fixed_dictionaries({"in_place": st.sampled_from([None, True, False])}),
    K.MATURITY: st.fixed_dictionaries({"level": st.sampled_from([None, 0, 2, 3, 5])}),
    K.RATIO: st.sampled_from([{}, VALUES[K.RATIO]]),
    K.NUMBER: st.sampled_from([{}, VALUES[K.NUMBER], {"number": 0}]),
    K.DATE: st.sampled_from([{}, VALUES[K.DATE]]),
}


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), below=st.sampled_from([0, 3, 5]), version=st.sampled_from([1, 2]))
def test_sql_and_python_agree(world, data, below, version):
    """Whatever is stored, `with_progress` counts what the lines call complete."""
    with transaction.atomic():
        Plan.objects.filter(pk=world.plan.pk).update(measures_below=below)
        requirements = list(Requirement.objects.filter(task=world.first))
        draft = world.draft
        if version == 2:
            SelfAssessment.objects.filter(pk=draft.pk).delete()
            draft = _after_a_return(world, data.draw(st.sets(st.sampled_from(requirements))))
        for requirement in requirements:
            values = data.draw(ANSWERS) | data.draw(VALUE[K(requirement.kind)])
            AnswerFactory(self_assessment=draft, requirement=requirement, **values)
        draft = SelfAssessment.objects.with_progress().select_related("cycle__plan").get(pk=draft.pk)
        lines = lines_of(draft)
        complete = {line.requirement.pk for line in lines if line.is_complete}
        in_sql = set(draft.answers.complete().values_list("requirement", flat=True))
        counted = (draft.asked_total, draft.answered_total)
        transaction.set_rollback(True)
    assert in_sql == complete
    assert counted == (len(lines), len(complete))


def _after_a_return(world, requirements):
    version = SelfAssessmentFactory(cycle=world.cycle, institution=world.institution, state=S.RETURNED)
    review = ReviewFactory(self_assessment=version, verdict=Verdict.RETURNED)
    Remark.objects.bulk_create(Remark(review=review, requirement=r, text="请补充。") for r in requirements)
    return SelfAssessmentFactory(cycle=world.cycle, institution=world.institution, version=2)


def test_the_lines_cost_the_same_for_one_answer_and_for_all(world):
    requirement = world.requirement(K.YES_NO)
    AnswerFactory(self_assessment=world.draft, requirement=requirement, in_place=True)
    draft = SelfAssessment.objects.select_related("cycle__plan").get(pk=world.draft.pk)
    with CaptureQueriesContext(connection) as one:
        missing(draft)
    answer_all(world)
    with CaptureQueriesContext(connection) as all_of_them:
        missing(draft)
    assert len(one) == len(all_of_them)
