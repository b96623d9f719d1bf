"""The institution's side: what is asked, saving, handing in, sending back, signing."""

import datetime

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assessments import actions
from assessments.actions import StaleAnswers
from assessments.answers import asked_by
from assessments.completeness import missing
from assessments.content import digests_to_sign
from assessments.enums import CycleKind, SelfAssessmentState
from assessments.jobs import extend_cycles
from assessments.models import Answer, Cycle, SelfAssessment
from plan.enums import Part, RequirementKind
from portal.accounts.enums import Role
from portal.audit.models import AuditEvent
from portal.gate import WrongState
from portal.notices.enums import NoticeKind
from portal.notices.models import Notice
from tasks.enums import AssignmentState
from tasks.evidence import add_evidence
from tests.assessments.world import answer_all, draft, hand_in, seen, signed
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member
from tests.factories.assessments import SelfAssessmentFactory
from tests.factories.plan import PlanFactory
from tests.factories.tasks import AssignmentFactory, EvidenceFactory
from tests.vault.samples import PDF, upload
from vault.checking import check

K = RequirementKind
S = SelfAssessmentState
EVERYBODY = ["contributor", "liaison", "cio", "supervisor", "lead", "observer"]


def opening(world, **changes):
    days = {
        "period_starts_on": datetime.date(2026, 1, 1),
        "period_ends_on": datetime.date(2026, 6, 30),
        "opens_on": timezone.localdate(),
        "due_on": timezone.localdate() + datetime.timedelta(days=30),
    }
    return {"plan": world.plan, "kind": CycleKind.HALF_YEAR, "title": "上半年", "by": world.lead, **days, **changes}


# --- Opening a cycle --------------------------------------------------------------------------------------


def test_a_cycle_opens_a_draft_for_every_institution_that_has_tasks(world):
    InstitutionFactory()  # without a task
    exempt = AssignmentFactory(task=world.first, state=AssignmentState.NOT_APPLICABLE)
    closed = AssignmentFactory(task=world.first)
    closed.institution.is_active = False
    closed.institution.save()
    other_plan = AssignmentFactory()
    cycle = actions.open_cycle(**opening(world))
    assert [s.institution for s in cycle.self_assessments.all()] == [world.institution]
    assert exempt.institution != closed.institution != other_plan.institution
    (opened,) = cycle.self_assessments.all()
    assert (opened.version, opened.state, opened.content) == (1, S.DRAFT, None)
    assert AuditEvent.objects.get(action="cycle.opened").data["self_assessments"] == 1


def test_who_joins_later_takes_part_from_the_next_night_on(world):
    cycle = actions.open_cycle(**opening(world))
    joined = AssignmentFactory(task=world.first).institution
    extend_cycles()
    assert {s.institution for s in cycle.self_assessments.all()} == {world.institution, joined}
    extend_cycles()
    assert cycle.self_assessments.count() == 2
    assert AuditEvent.objects.get(action="cycle.extended", target_id=cycle.pk).data == {"self_assessments": 1}


def test_the_same_period_is_not_opened_twice(world):
    cycle = actions.open_cycle(**opening(world))
    with pytest.raises(ValidationError, match="已开启"):
        actions.open_cycle(**opening(world, title="又一次"))
    assert Cycle.objects.get(pk=cycle.pk).title == "上半年"


@pytest.mark.parametrize("who", [who for who in EVERYBODY if who != "lead"])
def test_only_a_lead_supervisor_opens_a_cycle(world, who):
    with pytest.raises(PermissionDenied):
        actions.open_cycle(**opening(world, by=getattr(world, who)))


def test_opening_costs_the_same_for_many_institutions(world):
    assert world.lead.active_memberships
    with CaptureQueriesContext(connection) as one:
        actions.open_cycle(**opening(world))
    for _ in range(5):
        AssignmentFactory(task=world.first)
    with CaptureQueriesContext(connection) as six:
        cycle = actions.open_cycle(**opening(world, period_starts_on=datetime.date(2025, 1, 1)))
    assert cycle.self_assessments.count() == 6
    assert len(six) == len(one)


# --- What is asked ----------------------------------------------------------------------------------------


def test_the_requirements_of_the_part_are_asked_unless_the_task_does_not_apply(world):
    assert [r.reference for r in asked_by(world.draft)] == ["1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "2.1", "2.2"]
    second = world.institution.assignments.get(task=world.second)
    second.part = Part.SUPPORT
    second.save()
    assert [r.reference for r in asked_by(world.draft)][-1] == "2.3"
    second.state, second.exempted_at, second.exempted_reason = AssignmentState.NOT_APPLICABLE, timezone.now(), "无"
    second.save()
    assert [r.reference for r in asked_by(world.draft)][-1] == "1.6"


def test_progress_counts_what_is_asked_and_answered_completely(world):
    requirement = world.requirement(K.MATURITY)
    drafts = {requirement.pk: draft(requirement), world.requirement(K.RATIO).pk: draft(world.requirement(K.RATIO), "")}
    actions.save_answers(self_assessment=world.draft, drafts=drafts, by=world.contributor)
    row = SelfAssessment.objects.with_progress().get(pk=world.draft.pk)
    assert (row.asked_total, row.answered_total) == (8, 1)


def test_a_value_without_words_and_words_without_a_value_are_both_missing(world):
    maturity, ratio = world.requirement(K.MATURITY), world.requirement(K.RATIO)
    drafts = {maturity.pk: draft(maturity, level=None), ratio.pk: draft(ratio, justification="")}
    actions.save_answers(self_assessment=world.draft, drafts=drafts, by=world.contributor)
    references = [r.reference for r in missing(world.draft)]
    assert {maturity.reference, ratio.reference} <= set(references)
    assert "2.2" not in references  # encouraged only


# --- Saving -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(K))
def test_every_kind_of_answer_is_kept(world, kind):
    requirement = world.requirement(kind)
    typed = draft(requirement)
    actions.save_answers(self_assessment=world.draft, drafts={requirement.pk: typed}, by=world.contributor)
    answer = world.draft.answers.get()
    assert {field: getattr(answer, field) for field in typed.values} == typed.values
    assert (answer.justification, answer.revision, answer.updated_by) == ("已落实。", 1, world.contributor)


@pytest.mark.parametrize(("who", "may"), [(who, who in ("contributor", "liaison")) for who in EVERYBODY])
def test_who_may_answer(world, who, may):
    requirement = world.requirement(K.MATURITY)
    save = {"self_assessment": world.draft, "drafts": {requirement.pk: draft(requirement)}, "by": getattr(world, who)}
    if may:
        actions.save_answers(**save)
        assert Answer.objects.count() == 1
    else:
        with pytest.raises(PermissionDenied):
            actions.save_answers(**save)


def test_a_contributor_of_another_institution_may_not_answer(world):
    stranger = member(InstitutionFactory(), Role.CONTRIBUTOR)
    with pytest.raises(PermissionDenied):
        actions.save_answers(self_assessment=world.draft, drafts={}, by=stranger)


def test_what_is_not_asked_is_not_saved(world):
    industry = world.second.requirements.get(level="industry")
    actions.save_answers(self_assessment=world.draft, drafts={industry.pk: draft(industry)}, by=world.contributor)
    assert not Answer.objects.exists()


def test_saving_the_same_again_changes_nothing(world):
    answer_all(world)
    before = list(world.draft.answers.values_list("revision", "updated_at"))
    events = AuditEvent.objects.count()
    answer_all(world, by=world.liaison)
    assert list(world.draft.answers.values_list("revision", "updated_at")) == before
    assert AuditEvent.objects.count() == events


def test_a_stale_tab_saves_nothing_and_gets_the_other_answer(world):
    requirement, other = world.requirement(K.MATURITY), world.requirement(K.DATE)
    actions.save_answers(
        self_assessment=world.draft, drafts={requirement.pk: draft(requirement, level=1)}, by=world.liaison
    )
    mine = {requirement.pk: draft(requirement, level=4, revision=0), other.pk: draft(other)}
    with pytest.raises(StaleAnswers) as caught:
        actions.save_answers(self_assessment=world.draft, drafts=mine, by=world.contributor)
    assert caught.value.current[requirement.pk].level == 1
    assert world.draft.answers.get().level == 1
    mine[requirement.pk] = draft(requirement, level=4, revision=1)
    actions.save_answers(self_assessment=world.draft, drafts=mine, by=world.contributor)
    assert world.draft.answers.get(requirement=requirement).level == 4


def test_a_stale_tab_with_the_same_answer_is_no_conflict(world):
    requirement = world.requirement(K.MATURITY)
    for who in (world.liaison, world.contributor):
        actions.save_answers(self_assessment=world.draft, drafts={requirement.pk: draft(requirement)}, by=who)
    assert world.draft.answers.get().revision == 1


def test_evidence_is_linked_and_unlinked(world):
    requirement = world.requirement(K.EVIDENCE)
    files = [EvidenceFactory(assignment=world.first_assignment, requirement=requirement) for _ in range(2)]
    for revision, chosen in enumerate(([files[0].pk, files[1].pk], [files[1].pk])):
        drafts = {requirement.pk: draft(requirement, evidence=chosen, revision=revision)}
        actions.save_answers(self_assessment=world.draft, drafts=drafts, by=world.contributor)
        assert set(world.draft.answers.get().evidence.values_list("pk", flat=True)) == set(chosen)


def test_only_own_and_current_files_are_linked(world):
    requirement = world.requirement(K.EVIDENCE)
    withdrawn = EvidenceFactory(assignment=world.first_assignment, requirement=requirement, withdrawn_at=timezone.now())
    foreign = EvidenceFactory(assignment=AssignmentFactory(task=world.first), requirement=requirement)
    for file in (withdrawn, foreign):
        with pytest.raises(ValidationError) as caught:
            actions.save_answers(
                self_assessment=world.draft,
                drafts={requirement.pk: draft(requirement, evidence=[file.pk])},
                by=world.contributor,
            )
        assert caught.value.code == "evidence"
    assert not Answer.objects.exists()


@pytest.mark.parametrize("state", [state for state in S if state != S.DRAFT])
def test_answers_are_written_in_a_draft_only(world, state):
    closed = SelfAssessmentFactory(cycle=world.cycle, institution=world.institution, version=2, state=state)
    with pytest.raises(WrongState):
        actions.save_answers(self_assessment=closed, drafts={}, by=world.contributor)


def test_answers_wait_for_the_opening_day(world):
    world.cycle.opens_on = timezone.localdate() + datetime.timedelta(days=1)
    world.cycle.save()
    with pytest.raises(WrongState) as caught:
        actions.save_answers(self_assessment=world.draft, drafts={}, by=world.contributor)
    assert caught.value.code == "not_open"


def test_the_database_refuses_a_ratio_above_the_whole(world):
    requirement = world.requirement(K.RATIO)
    for numerator, denominator in ((2, 1), (1, 0), (-1, 2), (1, None)):
        with pytest.raises(IntegrityError), transaction.atomic():
            Answer.objects.create(
                self_assessment=world.draft, requirement=requirement, numerator=numerator, denominator=denominator
            )


# --- Handing in, sending back, signing --------------------------------------------------------------------


@pytest.mark.parametrize(("who", "may"), [(who, who in ("contributor", "liaison")) for who in EVERYBODY])
def test_who_may_hand_in(world, who, may):
    answer_all(world)
    if may:
        assert actions.hand_in(self_assessment=world.draft, by=getattr(world, who)).state == S.AWAITING_SIGNATURE
        assert list(Notice.objects.values_list("recipient", "kind")) == [(world.cio.pk, NoticeKind.AWAITING_SIGNATURE)]
    else:
        with pytest.raises(PermissionDenied):
            actions.hand_in(self_assessment=world.draft, by=getattr(world, who))


def test_an_incomplete_draft_is_not_handed_in(world):
    with pytest.raises(ValidationError, match=r"1\.1（缺评估结果、缺说明）、1\.2") as caught:
        actions.hand_in(self_assessment=world.draft, by=world.contributor)
    assert caught.value.code == "incomplete"
    world.draft.refresh_from_db()
    assert world.draft.state == S.DRAFT
    assert not Notice.objects.exists()


@pytest.mark.parametrize(("who", "may"), [(who, who == "cio") for who in EVERYBODY])
def test_who_may_send_back(world, who, may):
    handed_in = hand_in(world)
    send_back = {"self_assessment": handed_in, "reason": "请核对 1.3 的分母。", "by": getattr(world, who)}
    if not may:
        with pytest.raises(PermissionDenied):
            actions.send_back(**send_back)
        return
    sent_back = actions.send_back(**send_back)
    assert (sent_back.state, sent_back.sent_back_reason) == (S.DRAFT, "请核对 1.3 的分母。")
    told = Notice.objects.filter(kind=NoticeKind.SENT_BACK).values_list("recipient", flat=True)
    assert set(told) == {world.contributor.pk, world.liaison.pk}
    assert actions.hand_in(self_assessment=sent_back, by=world.contributor).sent_back_reason == ""


def test_sending_back_needs_a_reason(world):
    handed_in = hand_in(world)
    with pytest.raises(ValidationError):
        actions.send_back(self_assessment=handed_in, reason=" ", by=world.cio)


@pytest.mark.parametrize(("who", "may"), [(who, who == "cio") for who in EVERYBODY])
def test_who_may_sign(world, who, may):
    handed_in = hand_in(world)
    sign = {"self_assessment": handed_in, "seen_sha256": seen(handed_in), "by": getattr(world, who)}
    if may:
        assert actions.sign(**sign).state == S.SUBMITTED
    else:
        with pytest.raises(PermissionDenied):
            actions.sign(**sign)


def test_a_signature_freezes_content_and_files(world):
    requirement = world.requirement(K.RATIO)
    file = EvidenceFactory(assignment=world.first_assignment, requirement=requirement)
    spare = EvidenceFactory(assignment=world.first_assignment, requirement=requirement)
    drafts = {requirement.pk: draft(requirement, evidence=[file.pk])}
    actions.save_answers(self_assessment=world.draft, drafts=drafts, by=world.contributor)
    answered = {r.pk: draft(r) for r in asked_by(world.draft) if r.pk != requirement.pk}
    actions.save_answers(self_assessment=world.draft, drafts=answered, by=world.contributor)
    handed_in = actions.hand_in(self_assessment=world.draft, by=world.contributor)
    version = actions.sign(self_assessment=handed_in, seen_sha256=seen(handed_in), by=world.cio)
    version.refresh_from_db()
    entry = version.content["tasks"][0]["requirements"][2]
    assert entry["answer"] == {"numerator": "30.00", "denominator": "120.00"}
    assert (entry["percentage"], entry["justification"]) == ("25.0", "已落实。")
    assert [f["sha256"] for f in entry["evidence"]] == [file.sha256]
    assert version.content["tasks"][0]["requirements"][1]["criterion"] == "第3级"
    assert version.sha256 == digests_to_sign(version.content).sha256
    file.refresh_from_db()
    spare.refresh_from_db()
    assert (file.frozen_at, spare.frozen_at) == (version.signed_at, None)


def test_a_changed_content_is_not_signed(world):
    handed_in = hand_in(world)
    before = seen(handed_in)
    handed_in.answers.filter(requirement=world.requirement(K.MATURITY)).update(level=5)
    with pytest.raises(ValidationError) as caught:
        actions.sign(self_assessment=handed_in, seen_sha256=before, by=world.cio)
    assert caught.value.code == "changed"
    handed_in.refresh_from_db()
    assert (handed_in.state, handed_in.content) == (S.AWAITING_SIGNATURE, None)


def test_a_second_click_signs_nothing_more(world):
    version = signed(world)
    with pytest.raises(WrongState):
        actions.sign(self_assessment=version, seen_sha256=version.sha256, by=world.cio)


def test_the_database_keeps_what_was_signed(world):
    version = signed(world)
    for change in ({"content": {}}, {"sha256": "0" * 64}, {"version": 9}):
        with pytest.raises(IntegrityError), transaction.atomic():
            SelfAssessment.objects.filter(pk=version.pk).update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        version.answers.all().delete()
        version.delete()


@pytest.mark.parametrize("move", ["hand_in", "send_back", "sign"])
@pytest.mark.parametrize("state", list(S))
def test_no_move_from_a_state_that_does_not_allow_it(world, move, state):
    allowed = {"hand_in": S.DRAFT, "send_back": S.AWAITING_SIGNATURE, "sign": S.AWAITING_SIGNATURE}[move]
    if state == allowed:
        return
    row = SelfAssessmentFactory(cycle=world.cycle, institution=world.institution, version=2, state=state)
    arguments = {
        "hand_in": {"by": world.contributor},
        "send_back": {"by": world.cio, "reason": "请改。"},
        "sign": {"by": world.cio, "seen_sha256": ""},
    }[move]
    with pytest.raises(WrongState):
        getattr(actions, move)(self_assessment=row, **arguments)
    row.refresh_from_db()
    assert row.state == state


def test_supervisors_see_a_self_assessment_once_it_is_signed(world):
    other = member(AuthorityFactory(kinds=[]), Role.SUPERVISOR)
    rows = SelfAssessment.objects
    assert not rows.visible_to(world.supervisor).exists()
    hand_in(world)
    assert not rows.visible_to(world.supervisor).exists()
    world.draft.refresh_from_db()
    actions.sign(self_assessment=world.draft, seen_sha256=seen(world.draft), by=world.cio)
    assert rows.visible_to(world.supervisor).exists()
    assert not rows.visible_to(other).exists()


def test_a_plan_of_another_kind_asks_nothing_here(world):
    assert not SelfAssessmentFactory(cycle__plan=PlanFactory(), institution=world.institution).answers.exists()
    foreign = SelfAssessmentFactory(cycle__plan=PlanFactory(), institution=world.institution)
    assert list(asked_by(foreign)) == []


def test_a_draft_follows_a_file_that_is_replaced_and_waits_for_its_check(world):
    answer_all(world)
    requirement = world.requirement(RequirementKind.MATURITY)
    assignment = world.first_assignment
    old = EvidenceFactory(assignment=assignment, requirement=requirement)
    answer = world.draft.answers.get(requirement=requirement)
    answer.evidence.set([old])
    facts = {"assignment": assignment, "requirement": requirement, "by": world.contributor}
    new = add_evidence(file=upload("新版.pdf"), replaces=old, **facts).evidence
    assert list(answer.evidence.all()) == [new]
    with pytest.raises(ValidationError, match=r"新版\.pdf"):
        actions.hand_in(self_assessment=world.draft, by=world.contributor)
    check(stored_id=new.stored_id)
    handed_in = actions.hand_in(self_assessment=world.draft, by=world.contributor)
    signed = actions.sign(self_assessment=handed_in, seen_sha256=seen(world.draft), by=world.cio)
    assert new.sha256 in str(signed.content)
    add_evidence(file=upload("更新版.pdf", PDF + b"2"), replaces=new, **facts)
    assert list(answer.evidence.all()) == [new]
