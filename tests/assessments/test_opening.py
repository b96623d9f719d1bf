"""A round opens with what was last accepted, each answer to be confirmed."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from assessments import actions
from assessments.actions.cycles import institutions_prefilled
from assessments.completeness import missing
from assessments.enums import CycleKind, Lack, SelfAssessmentState
from assessments.history import carried_over_from
from assessments.jobs import extend_cycles
from assessments.models import Answer
from plan.enums import Part, RequirementKind
from portal.accounts.enums import Role
from tasks.enums import AssignmentState
from tests.assessments.world import VALUES
from tests.factories.accounts import member
from tests.factories.assessments import AnswerFactory, CycleFactory, SelfAssessmentFactory
from tests.factories.plan import PlanFactory
from tests.factories.tasks import AssignmentFactory, EvidenceFactory
from vault.enums import FileState

K = RequirementKind
S = SelfAssessmentState
pytestmark = pytest.mark.django_db


def open_cycle(world, **changes):
    days = {
        "period_starts_on": datetime.date(2026, 1, 1),
        "period_ends_on": datetime.date(2026, 6, 30),
        "opens_on": timezone.localdate(),
        "due_on": timezone.localdate() + datetime.timedelta(days=30),
    }
    facts = {"plan": world.plan, "kind": CycleKind.HALF_YEAR, "title": "上半年", "by": world.lead, **days, **changes}
    return actions.open_cycle(**facts)


def accepted(world, institution=None, state=S.ACCEPTED, plan=None, ended=datetime.date(2025, 12, 31), version=1):
    cycle = CycleFactory(plan=plan or world.plan, period_ends_on=ended)
    return SelfAssessmentFactory(
        cycle=cycle, institution=institution or world.institution, state=state, version=version
    )


def draft_of(cycle, institution):
    return cycle.self_assessments.get(institution=institution)


def test_a_draft_begins_with_what_was_last_accepted(world):
    requirement = world.requirement(K.MATURITY)
    AnswerFactory(
        self_assessment=accepted(world),
        requirement=requirement,
        level=2,
        justification="制度已发布。",
        measure="补齐演练。",
        measure_owner="张三",
        measure_due_on=datetime.date(2026, 9, 30),
        reply="上期的答复。",
        revision=7,
        updated_by=world.contributor,
    )
    answer = draft_of(open_cycle(world), world.institution).answers.get()
    assert (answer.requirement, answer.level, answer.justification) == (requirement, 2, "制度已发布。")
    assert (answer.measure, answer.measure_owner) == ("补齐演练。", "张三")
    assert answer.measure_due_on == datetime.date(2026, 9, 30)
    assert (answer.is_carried_over, answer.reply, answer.revision, answer.updated_by) == (True, "", 1, None)


@pytest.mark.parametrize("kind", list(K))
def test_every_kind_of_value_is_carried_over(world, kind):
    AnswerFactory(self_assessment=accepted(world), requirement=world.requirement(kind), **VALUES[kind])
    answer = draft_of(open_cycle(world), world.institution).answers.get()
    assert {name: getattr(answer, name) for name in VALUES[kind]} == VALUES[kind]


def test_what_was_carried_over_has_to_be_confirmed(world):
    requirement = world.requirement(K.YES_NO)
    AnswerFactory(self_assessment=accepted(world), requirement=requirement, in_place=True)
    draft = draft_of(open_cycle(world), world.institution)
    (line,) = [line for line in missing(draft) if line.requirement == requirement]
    assert line.missing == [Lack.CONFIRMATION]
    draft.answers.update(is_carried_over=False)
    assert requirement not in [line.requirement for line in missing(draft)]


def test_the_latest_period_counts_and_in_it_the_latest_version(world):
    requirement = world.requirement(K.MATURITY)
    latest = accepted(world, state=S.RETURNED, ended=datetime.date(2025, 12, 31))
    second = SelfAssessmentFactory(cycle=latest.cycle, institution=world.institution, version=2, state=S.ACCEPTED)
    for level, source in enumerate([accepted(world, ended=datetime.date(2025, 6, 30)), latest, second], start=1):
        AnswerFactory(self_assessment=source, requirement=requirement, level=level)
    assert draft_of(open_cycle(world), world.institution).answers.get().level == 3


@pytest.mark.parametrize("state", [state for state in S if state != S.ACCEPTED])
def test_only_what_was_accepted_is_carried_over(world, state):
    AnswerFactory(self_assessment=accepted(world, state=state), requirement=world.requirement(K.MATURITY), level=2)
    assert not draft_of(open_cycle(world), world.institution).answers.exists()


def test_neither_another_plan_nor_another_institution_fills_a_draft(world):
    other = AssignmentFactory(task=world.first).institution
    AnswerFactory(self_assessment=accepted(world, other), requirement=world.requirement(K.MATURITY), level=4)
    elsewhere = accepted(world, plan=PlanFactory())
    AnswerFactory(self_assessment=elsewhere, requirement=world.requirement(K.MATURITY), level=5)
    cycle = open_cycle(world)
    assert not draft_of(cycle, world.institution).answers.exists()
    assert draft_of(cycle, other).answers.get().level == 4


def test_what_is_no_longer_asked_is_left_out(world):
    source = accepted(world)
    for requirement in (world.requirement(K.MATURITY), *world.second.requirements.all()):
        AnswerFactory(self_assessment=source, requirement=requirement, level=1)
    second = world.institution.assignments.get(task=world.second)
    second.part = Part.SUPPORT
    second.save()
    filled = draft_of(open_cycle(world), world.institution).answers.all()
    assert sorted(answer.requirement.reference for answer in filled) == ["1.2", "2.3"]
    second.state, second.exempted_at, second.exempted_reason = AssignmentState.NOT_APPLICABLE, timezone.now(), "无"
    second.save()
    filled = draft_of(open_cycle(world, period_starts_on=datetime.date(2025, 2, 1)), world.institution).answers.all()
    assert [answer.requirement.reference for answer in filled] == ["1.2"]


def test_files_come_along_while_they_are_current_and_clean(world):
    requirement = world.requirement(K.EVIDENCE)
    answer = AnswerFactory(self_assessment=accepted(world), requirement=requirement, in_place=True)
    facts = {"assignment": world.first_assignment, "requirement": requirement}
    kept = [EvidenceFactory(**facts) for _ in range(2)]
    gone = [
        EvidenceFactory(**facts, withdrawn_at=timezone.now()),
        EvidenceFactory(**facts, superseded_at=timezone.now()),
        EvidenceFactory(**facts),
    ]
    gone[-1].stored.state = FileState.RECEIVED
    gone[-1].stored.checked_at = None
    gone[-1].stored.save()
    answer.evidence.set([*kept, *gone])
    carried = draft_of(open_cycle(world), world.institution).answers.get()
    assert set(carried.evidence.all()) == set(kept)
    assert set(answer.evidence.all()) == {*kept, *gone}


def test_who_joins_later_is_filled_in_too_and_nothing_that_stands_is_touched(world):
    requirement = world.requirement(K.MATURITY)
    AnswerFactory(self_assessment=accepted(world), requirement=requirement, level=2)
    cycle = open_cycle(world)
    Answer.objects.filter(self_assessment__cycle=cycle).delete()
    joined = AssignmentFactory(task=world.first).institution
    AnswerFactory(self_assessment=accepted(world, joined), requirement=requirement, level=5)
    extend_cycles()
    assert draft_of(cycle, joined).answers.get().level == 5
    assert not draft_of(cycle, world.institution).answers.exists()


def test_filling_costs_the_same_for_many_institutions(world):
    requirement = world.requirement(K.MATURITY)
    AnswerFactory(self_assessment=accepted(world), requirement=requirement, level=1)
    assert world.lead.active_memberships
    with CaptureQueriesContext(connection) as one:
        open_cycle(world)
    for level in (2, 3):
        institution = AssignmentFactory(task=world.first).institution
        AnswerFactory(self_assessment=accepted(world, institution), requirement=requirement, level=level)
    with CaptureQueriesContext(connection) as three:
        cycle = open_cycle(world, period_starts_on=datetime.date(2025, 2, 1))
    levels = Answer.objects.filter(self_assessment__cycle=cycle).values_list("level", flat=True)
    assert sorted(levels) == [1, 2, 3]
    assert len(three) == len(one)


def test_the_page_says_how_many_find_answers(world, client):
    accepted(world)
    AssignmentFactory(task=world.first)
    assert institutions_prefilled(world.plan) == 1
    client.force_login(member(world.authority, Role.LEAD_SUPERVISOR))
    page = client.get(reverse("assessments:open_cycle"))
    assert (page.context["addressed"], page.context["prefilled"]) == (2, 1)
    assert "其中 1 家的自评沿用其最近一次验收的内容" in page.text


def test_the_page_names_the_round_that_the_draft_began_with(world):
    """The latest period wins, even over that of the round being opened: one rule fills the draft and names it."""
    later = accepted(world, ended=datetime.date(2040, 12, 31))
    accepted(world, ended=datetime.date(2020, 12, 31))
    AnswerFactory(self_assessment=later, requirement=world.requirement(K.MATURITY), level=4)
    draft = draft_of(open_cycle(world), world.institution)
    assert draft.answers.get().level == 4
    assert carried_over_from(draft) == later.cycle
