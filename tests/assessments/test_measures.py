"""Planned measures where a gap remains, and replies where a version was returned."""

import datetime

import pytest
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assessments import actions
from assessments.answers import has_gap, values_of
from assessments.asked import COMPLETE, GAP
from assessments.completeness import awaiting_reply, lacks_of, lines_of
from assessments.enums import Verdict
from assessments.models import Answer
from assessments.overview import overview_of
from assessments.signed import read_signed
from plan.enums import RequirementKind
from tests.assessments.world import answer_all, draft, seen, signed
from tests.assessments.world import returned as returned_for

K = RequirementKind
TOMORROW = timezone.localdate() + datetime.timedelta(days=1)
PLANNED = {"measure": "补充制度", "measure_owner": "王五", "measure_due_on": TOMORROW}


def url(name, *args):
    return reverse(f"assessments:{name}", args=args)


def save(client, world, requirement, revision=0, **fields):
    client.force_login(world.contributor)
    data = {f"{name}_{requirement.pk}": value for name, value in {"revision": revision, **fields}.items()}
    return client.post(url("save_answer", world.draft.pk, requirement.pk), data)


words = st.sampled_from(["", "写了些什么"])
numbers = st.none() | st.integers(0, 9).map(lambda n: n + 1)
value_of = {
    K.EVIDENCE: st.fixed_dictionaries({"in_place": st.sampled_from([None, True, False])}),
    K.YES_NO: st.fixed_dictionaries({"in_place": st.sampled_from([None, True, False])}),
    K.MATURITY: st.fixed_dictionaries({"level": st.none() | st.integers(0, 5)}),
    K.RATIO: numbers.map(lambda n: {"numerator": n, "denominator": n}),
    K.NUMBER: st.fixed_dictionaries({"number": st.none() | st.integers(-5, 5)}),
    K.DATE: st.fixed_dictionaries({"date": st.none() | st.just(datetime.date(2026, 3, 31))}),
}
answers = st.sampled_from(list(K)).flatmap(lambda kind: st.tuples(st.just(kind), value_of[kind]))
said = st.fixed_dictionaries(
    {
        "justification": words,
        "measure": words,
        "measure_owner": words,
        "measure_due_on": st.none() | st.just(TOMORROW),
        "is_carried_over": st.booleans(),
    }
)


@given(answers, said, st.integers(0, 5))
@settings(max_examples=75, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_page_and_database_agree_on_what_is_complete(world, answer, said, measures_below):
    kind, values = answer
    world.plan.measures_below = measures_below
    world.plan.save()
    Answer.objects.all().delete()
    requirement = world.requirement(kind)
    row = Answer.objects.create(self_assessment=world.draft, requirement=requirement, **values, **said)
    in_sql = Answer.objects.filter(pk=row.pk)
    assert in_sql.filter(COMPLETE).exists() == (not lacks_of(row, requirement, measures_below, is_returned=False))
    assert in_sql.filter(GAP).exists() == has_gap(values_of(row, kind), measures_below)
    world.draft.cycle.plan.refresh_from_db()
    (line,) = [line for line in lines_of(world.draft) if line.requirement == requirement]
    assert line.is_complete == in_sql.filter(COMPLETE).exists()


def test_a_gap_needs_a_measure_with_owner_and_date(client, world):
    requirement = world.requirement(K.MATURITY)
    answer = save(client, world, requirement, level="2", justification="部分落实。").json()
    assert answer["lacking"] == ["缺整改措施", "缺整改责任人", "缺计划完成日期"]
    fields = {"measure": "补充制度", "measure_owner": "王五", "measure_due_on": TOMORROW.isoformat()}
    answer = save(client, world, requirement, 1, level="2", justification="部分落实。", **fields).json()
    assert answer["is_complete"]
    saved = world.draft.answers.get()
    assert {name: getattr(saved, name) for name in PLANNED} == PLANNED


def test_what_is_not_in_place_needs_one_too_unless_the_plan_asks_for_none(client, world):
    requirement = world.requirement(K.EVIDENCE)
    said = {"in_place": "no", "justification": "尚未落实。"}
    assert not save(client, world, requirement, **said).json()["is_complete"]
    page = client.get(url("task", world.draft.pk, 1)).text
    assert "成熟度低于 3 级，须填写整改措施、责任人和计划完成日期。" in page
    assert "未到位的，须填写整改措施" in page
    world.plan.measures_below = 0
    world.plan.save()
    assert save(client, world, requirement, 1, **said).json()["is_complete"]
    assert "须填写整改措施" not in client.get(url("task", world.draft.pk, 1)).text


def test_a_day_in_the_past_is_not_planned_and_one_that_passed_stays(client, world):
    requirement = world.requirement(K.MATURITY)
    yesterday = timezone.localdate() - datetime.timedelta(days=1)
    fields = {"level": "1", "justification": "说明", "measure": "措施", "measure_owner": "王五"}
    refused = save(client, world, requirement, **fields, measure_due_on=yesterday.isoformat())
    assert "计划完成日期已过" in refused.json()["errors"][f"measure_due_on_{requirement.pk}"][0]
    save(client, world, requirement, **fields, measure_due_on=TOMORROW.isoformat())
    world.draft.answers.update(measure_due_on=yesterday)
    again = save(
        client, world, requirement, 1, **fields | {"justification": "改"}, measure_due_on=yesterday.isoformat()
    )
    assert again.status_code == 200


def test_measures_are_kept_and_shown_where_they_are_signed(client, world):
    requirement = world.requirement(K.MATURITY)
    answer_all(world)
    planned = draft(requirement, level=1, revision=1)._replace(**PLANNED)
    actions.save_answers(self_assessment=world.draft, drafts={requirement.pk: planned}, by=world.contributor)
    handed_in = actions.hand_in(self_assessment=world.draft, by=world.contributor)
    version = actions.sign(self_assessment=handed_in, seen_sha256=seen(handed_in), by=world.cio)
    (shown,) = [
        r for t in read_signed(version, world.cio) for r in t.requirements if r.reference == requirement.reference
    ]
    assert (shown.measure.text, shown.measure.owner, shown.measure.due_on) == ("补充制度", "王五", TOMORROW)
    client.force_login(world.cio)
    page = client.get(url("detail", version.pk)).text
    assert "补充制度" in page
    assert f"计划完成日期：{TOMORROW}" in page


def test_saving_the_page_keeps_a_measure_whose_fields_it_does_not_have(client, world):
    """Such as after the plan stopped asking for measures."""
    requirement = world.requirement(K.MATURITY)
    planned = draft(requirement, level=1)._replace(**PLANNED)
    actions.save_answers(self_assessment=world.draft, drafts={requirement.pk: planned}, by=world.contributor)
    world.plan.measures_below = 0
    world.plan.save()
    assert save(client, world, requirement, 1, level="5", justification="改").status_code == 200
    assert world.draft.answers.get().measure == "补充制度"


# --- Replies ----------------------------------------------------------------------------------------------


def returned(world, *kinds):
    version = signed(world)
    return return_again(world, version, *kinds)


def return_again(world, version, *kinds):
    actions.review_self_assessment(
        self_assessment=version,
        verdict=Verdict.RETURNED,
        remarks={world.requirement(kind).pk: returned_for("请附制度文件。") for kind in kinds},
        by=world.supervisor,
        authority=world.authority,
    )
    return world.cycle.self_assessments.order_by("-version").first()


def test_a_returned_requirement_asks_for_a_reply(client, world):
    world.draft = returned(world, K.MATURITY)
    requirement, other = world.requirement(K.MATURITY), world.requirement(K.DATE)
    client.force_login(world.contributor)
    page = client.get(url("task", world.draft.pk, 1)).text
    assert f'name="reply_{requirement.pk}"' in page
    assert f'name="reply_{other.pk}"' not in page
    said = {"level": "3", "justification": "已落实。"}
    assert save(client, world, requirement, 1, **said).json()["lacking"] == ["缺对退回理由的答复"]
    assert save(client, world, requirement, 1, **said, reply="已附上。").json()["is_complete"]
    assert world.draft.answers.get(requirement=requirement).reply == "已附上。"
    (line,) = [line for line in lines_of(world.draft) if line.requirement == requirement]
    assert line.is_complete


def test_the_last_return_is_the_one_to_answer(world):
    second = returned(world, K.MATURITY, K.DATE)
    assert awaiting_reply(second) == {world.requirement(K.MATURITY).pk, world.requirement(K.DATE).pk}
    handed_in = actions.hand_in(self_assessment=reply_to_all(world, second), by=world.contributor)
    version = actions.sign(self_assessment=handed_in, seen_sha256=seen(handed_in), by=world.cio)
    third = return_again(world, version, K.RATIO)
    assert awaiting_reply(third) == {world.requirement(K.RATIO).pk}
    assert not third.answers.exclude(reply="").exists()


def reply_to_all(world, version):
    version.answers.update(reply="已答复。")
    return version


def test_a_first_version_has_nothing_to_answer(world, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert awaiting_reply(world.draft) == set()


def test_progress_of_a_draft_knows_what_was_carried_over(world):
    answer_all(world)
    world.draft.answers.filter(requirement__task=world.first).update(is_carried_over=True)
    (theme,) = overview_of(lines_of(world.draft))
    first, second = theme.tasks
    assert (first.progress, first.complete) == ("carried_over", 0)
    assert (second.progress, second.complete) == ("answered", second.total)


@pytest.mark.parametrize("number", [1, 2])
def test_a_task_page_reads_well_without_answers(client, world, number):
    client.force_login(world.contributor)
    assert client.get(url("task", world.draft.pk, number)).status_code == 200
