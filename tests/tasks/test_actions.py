"""Who may do what, and what each move leaves behind."""

import datetime

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from plan.enums import Binding, Level
from portal.accounts.enums import Role
from portal.audit.actions import verify
from portal.audit.canonical import canonical_json, digests
from portal.audit.models import AuditEvent
from portal.gate import WrongState, pass_gate
from portal.notices.models import Notice
from tasks import actions
from tasks.actions import Draft
from tasks.enums import TRANSITIONS, AssignmentState
from tasks.evidence import add_evidence, withdraw_evidence
from tasks.models import Assignment, Submission
from tests.factories.accounts import InstitutionFactory, member
from tests.factories.plan import RequirementFactory
from tests.factories.tasks import AssignmentFactory, EvidenceFactory, StatementFactory, fill_in
from tests.tasks.world import make_task
from tests.vault.samples import upload

S = AssignmentState
ROLES = ("contributor", "liaison", "cio", "supervisor", "lead", "observer")
FILLERS = {"contributor", "liaison"}


def first(assignment):
    return assignment.requirements.select_related("task").first()


def digest(assignment) -> str:
    return actions.digests_to_sign(actions.content_to_sign(assignment)).sha256


def handed_in(assignment, people):
    return actions.hand_in(assignment=assignment, by=people.contributor)


def signed(assignment, people) -> Submission:
    assignment = handed_in(assignment, people)
    return actions.sign(assignment=assignment, seen_sha256=digest(assignment), by=people.cio)


# Each action, who may do it, and the state it starts from.
ATTEMPTS = {
    "save": (FILLERS, "start", lambda a, p, by: actions.save_statements(assignment=a, drafts={}, by=by)),
    "upload": (
        FILLERS,
        "start",
        lambda a, p, by: add_evidence(assignment=a, requirement=first(a), file=upload(), by=by),
    ),
    "withdraw": (FILLERS, "start", lambda a, p, by: withdraw_evidence(evidence=a.evidence.first(), by=by)),
    "hand_in": (FILLERS, "start", lambda a, p, by: actions.hand_in(assignment=a, by=by)),
    "sign": ({"cio"}, "handed_in", lambda a, p, by: actions.sign(assignment=a, seen_sha256=digest(a), by=by)),
    "send_back": ({"cio"}, "handed_in", lambda a, p, by: actions.send_back(assignment=a, reason="补充", by=by)),
    "accept": ({"supervisor", "lead"}, "signed", lambda a, p, by: actions.accept(assignment=a, by=by, data={})),
    "give_back": ({"supervisor", "lead"}, "signed", lambda a, p, by: actions.give_back(assignment=a, by=by, data={})),
    "exempt": ({"supervisor", "lead"}, "start", lambda a, p, by: actions.exempt(assignment=a, reason="无", by=by)),
}


@pytest.mark.parametrize("role", [*ROLES, "stranger", "double"])
@pytest.mark.parametrize("name", ATTEMPTS)
def test_who_may(name, role, people, filled):
    allowed, stage, attempt = ATTEMPTS[name]
    people.stranger = member(InstitutionFactory(), Role.CIO)
    # Somebody who belongs to the institution and supervises it may not review it.
    people.double = member(people.institution, Role.CIO)
    people.double.memberships.create(authority=people.authority, role=Role.SUPERVISOR)
    people.double.groups.add(people.authority.group)
    if stage in ("handed_in", "signed"):
        handed_in(filled, people)
    if stage == "signed":
        actions.sign(assignment=filled, seen_sha256=digest(filled), by=people.cio)
    filled.refresh_from_db()
    before = filled.state
    may = role in allowed or (role == "double" and allowed == {"cio"})
    if may:
        attempt(filled, people, getattr(people, role))
    else:
        with pytest.raises(PermissionDenied):
            attempt(filled, people, getattr(people, role))
        filled.refresh_from_db()
        assert filled.state == before


class TestStatements:
    def test_the_first_save_starts_the_work(self, people, assignment):
        requirement = first(assignment)
        actions.save_statements(
            assignment=assignment, drafts={requirement.pk: Draft("已落实", 0)}, by=people.contributor
        )
        statement = assignment.statements.get()
        assert (statement.text, statement.revision, statement.updated_by) == ("已落实", 1, people.contributor)
        assignment.refresh_from_db()
        assert assignment.state == S.IN_PROGRESS
        event = AuditEvent.objects.get(action="assignment.statements_saved")
        assert event.data["requirements"] == [requirement.reference]

    def test_saving_the_same_again_writes_nothing(self, people, assignment):
        drafts = {first(assignment).pk: Draft("已落实", 0)}
        actions.save_statements(assignment=assignment, drafts=drafts, by=people.contributor)
        actions.save_statements(assignment=assignment, drafts=drafts, by=people.liaison)
        assert assignment.statements.get().revision == 1
        assert AuditEvent.objects.filter(action="assignment.statements_saved").count() == 1

    def test_a_stale_tab_overwrites_nothing(self, people, assignment):
        one, other = assignment.requirements
        save = actions.save_statements
        save(assignment=assignment, drafts={one.pk: Draft("甲", 0), other.pk: Draft("乙", 0)}, by=people.contributor)
        save(assignment=assignment, drafts={one.pk: Draft("甲二", 1)}, by=people.liaison)
        with pytest.raises(actions.StaleStatements) as stale:
            save(
                assignment=assignment, drafts={one.pk: Draft("丙", 1), other.pk: Draft("丁", 1)}, by=people.contributor
            )
        assert {pk: s.text for pk, s in stale.value.current.items()} == {one.pk: "甲二"}
        assert sorted(assignment.statements.values_list("text", flat=True)) == ["乙", "甲二"]

    def test_a_requirement_of_another_task_is_left_alone(self, people, assignment):
        alien = RequirementFactory()
        actions.save_statements(assignment=assignment, drafts={alien.pk: Draft("x", 0)}, by=people.contributor)
        assert not assignment.statements.exists()

    @pytest.mark.parametrize("state", [S.AWAITING_SIGNATURE, S.SUBMITTED, S.ACCEPTED, S.NOT_APPLICABLE])
    def test_not_once_it_is_out_of_hands(self, people, state):
        row = AssignmentFactory(task=make_task(), institution=people.institution, state=state)
        drafts = {first(row).pk: Draft("改", 0)}
        with pytest.raises(WrongState):
            actions.save_statements(assignment=row, drafts=drafts, by=people.contributor)
        assert not row.statements.exists()

    @pytest.mark.parametrize("state", [S.AWAITING_SIGNATURE, S.SUBMITTED, S.NOT_APPLICABLE])
    def test_no_file_while_it_is_out_of_hands(self, people, state):
        row = AssignmentFactory(task=make_task(), institution=people.institution, state=state)
        with pytest.raises(WrongState):
            add_evidence(assignment=row, requirement=first(row), file=upload(), by=people.contributor)
        assert not row.evidence.exists()


class TestMissing:
    def test_what_is_missing(self, people, assignment):
        one, other = assignment.requirements
        RequirementFactory(task=assignment.task, binding=Binding.ENCOURAGED)
        RequirementFactory(task=assignment.task, level=Level.INDUSTRY)  # not of this part
        assert actions.missing(assignment) == [one, other]
        StatementFactory(assignment=assignment, requirement=one)
        EvidenceFactory(assignment=assignment, requirement=other)
        assert actions.missing(assignment) == [one, other]
        file = EvidenceFactory(assignment=assignment, requirement=one)
        assert actions.missing(assignment) == [other]
        file.withdrawn_at = file.uploaded_at
        file.save()
        assert actions.missing(assignment) == [one, other]

    def test_an_emptied_statement_is_missing(self, people, filled):
        filled.statements.filter(requirement=first(filled)).update(text="")
        assert actions.missing(filled) == [first(filled)]

    def test_incomplete_work_is_not_handed_in(self, people, filled):
        filled.statements.first().delete()
        with pytest.raises(ValidationError, match=first(filled).reference):
            actions.hand_in(assignment=filled, by=people.contributor)
        filled.refresh_from_db()
        assert (filled.state, filled.handed_in_at) == (S.IN_PROGRESS, None)
        assert not Notice.objects.exists()


class TestSigning:
    def test_the_cio_is_told(self, people, filled):
        handed_in(filled, people)
        assert [notice.recipient for notice in Notice.objects.all()] == [people.cio]

    def test_a_signature_freezes_what_was_seen(self, people, filled):
        RequirementFactory(task=filled.task, binding=Binding.ENCOURAGED)
        submission = signed(filled, people)
        assert submission.number == 1
        assert submission.signed_by == people.cio
        assert (submission.sha256, submission.sm3) == digests(canonical_json(submission.content))
        assert submission.sha256 == submission.sha256.lower()
        requirements = submission.content["requirements"]
        assert [len(requirement["evidence"]) for requirement in requirements] == [1, 1, 0]
        assert requirements[0]["evidence"][0]["sha256"] == filled.evidence.first().sha256
        assert set(submission.evidence.all()) == set(filled.evidence.all())
        assert all(file.frozen_at for file in filled.evidence.all())
        filled.refresh_from_db()
        assert filled.state == S.SUBMITTED
        event = AuditEvent.objects.get(action="submission.signed")
        assert event.data == {
            "number": 1,
            "sha256": submission.sha256,
            "sm3": submission.sm3,
            "reauthenticated": "",
        }

    def test_another_content_is_not_signed(self, people, filled):
        handed_in(filled, people)
        with pytest.raises(ValidationError) as refused:
            actions.sign(assignment=filled, seen_sha256="0" * 64, by=people.cio)
        assert refused.value.code == "changed"
        filled.refresh_from_db()
        assert filled.state == S.AWAITING_SIGNATURE
        assert not Submission.objects.exists()
        assert not filled.evidence.exclude(frozen_at=None).exists()

    def test_what_is_signed_cannot_be_changed(self, people, filled):
        submission = signed(filled, people)
        for change in (
            lambda: Submission.objects.filter(pk=submission.pk).update(number=7),
            lambda: Submission.objects.filter(pk=submission.pk)._raw_delete("default"),
        ):
            with pytest.raises(IntegrityError), transaction.atomic():
                change()

    def test_sent_back_with_a_reason_and_handed_in_again(self, people, filled):
        handed_in(filled, people)
        row = actions.send_back(assignment=filled, reason="请补充附件", by=people.cio)
        assert (row.state, row.sent_back_reason) == (S.IN_PROGRESS, "请补充附件")
        told = {notice.recipient for notice in Notice.objects.filter(kind="sent_back")}
        assert told == {people.contributor, people.liaison}
        row = handed_in(row, people)
        assert row.sent_back_reason == ""
        assert Notice.objects.filter(kind="awaiting_signature").count() == 2

    @pytest.mark.parametrize("reason", ["", " \n"])
    def test_not_sent_back_without_a_reason(self, people, filled, reason):
        handed_in(filled, people)
        with pytest.raises(ValidationError):
            actions.send_back(assignment=filled, reason=reason, by=people.cio)
        filled.refresh_from_db()
        assert filled.state == S.AWAITING_SIGNATURE

    def test_a_return_opens_the_next_version(self, people, filled):
        old = signed(filled, people)
        actions.give_back(assignment=filled, by=people.supervisor, data={"reasons": {"1.1": "不全"}})
        frozen = filled.evidence.first()
        withdraw_evidence(evidence=frozen, by=people.contributor)
        EvidenceFactory(assignment=filled, requirement=frozen.requirement, original_name="新版.pdf")
        new = signed(filled, people)
        assert (old.number, new.number) == (1, 2)
        assert frozen in old.evidence.all() and frozen not in new.evidence.all()
        assert new.content["requirements"][0]["evidence"][0]["name"] == "新版.pdf"
        assert not list(verify(people.institution.pk))


class TestExemption:
    def test_the_reason_stays(self, people, assignment):
        row = actions.exempt(assignment=assignment, reason="未开展相关业务", by=people.lead)
        assert (row.state, row.exempted_reason) == (S.NOT_APPLICABLE, "未开展相关业务")
        assert AuditEvent.objects.get(action="assignment.exempt").data["reason"] == "未开展相关业务"

    @pytest.mark.parametrize("reason", ["", "  "])
    def test_not_without_a_reason(self, people, assignment, reason):
        with pytest.raises(ValidationError):
            actions.exempt(assignment=assignment, reason=reason, by=people.lead)


class TestGate:
    @pytest.mark.django_db
    @pytest.mark.parametrize("state", list(S))
    @pytest.mark.parametrize("move", TRANSITIONS)
    def test_every_move_from_every_state(self, move, state):
        row = AssignmentFactory(state=state)
        extra = {"exempted_reason": "无"} if move == "exempt" else {}
        if state in TRANSITIONS[move].sources:
            moved = pass_gate(row=row, name=move, moves=TRANSITIONS, by=None, **extra)
            assert moved.state == TRANSITIONS[move].target
            assert getattr(moved, TRANSITIONS[move].stamp)
        else:
            before = Assignment.objects.values().get()
            with pytest.raises(WrongState):
                pass_gate(row=row, name=move, moves=TRANSITIONS, by=None, **extra)
            assert Assignment.objects.values().get() == before
            assert not AuditEvent.objects.filter(action__startswith="assignment.").exists()

    @pytest.mark.django_db
    @pytest.mark.parametrize("state", [state for state in S if state != S.NOT_STARTED])
    def test_no_state_without_its_time(self, state):
        row = AssignmentFactory()
        with pytest.raises(IntegrityError), transaction.atomic():
            Assignment.objects.filter(pk=row.pk).update(state=state)


class TestGateWalks(TestCase):
    """Any sequence of moves: the table decides, and the database agrees with every state reached."""

    def setUp(self):
        self.task = make_task()

    @settings(max_examples=25)
    @given(st.lists(st.sampled_from(sorted(TRANSITIONS)), max_size=12))
    def test_any_walk(self, walk):
        row = AssignmentFactory(task=self.task)
        state = S.NOT_STARTED
        for name in walk:
            extra = {"exempted_reason": "无"} if name == "exempt" else {}
            possible = state in TRANSITIONS[name].sources
            try:
                pass_gate(row=row, name=name, moves=TRANSITIONS, by=None, **extra)
            except WrongState:
                assert not possible
            else:
                assert possible
                state = TRANSITIONS[name].target
            row.refresh_from_db()
            assert row.state == state


@pytest.mark.django_db
def test_handing_in_work_of_an_encouraged_requirement_only():
    row = AssignmentFactory(state="in_progress")
    RequirementFactory(task=row.task, binding=Binding.ENCOURAGED)
    row = actions.hand_in(assignment=row, by=member(row.institution, Role.CONTRIBUTOR))
    assert row.state == S.AWAITING_SIGNATURE


def test_progress_counts_what_is_ready(people, filled):
    RequirementFactory(task=filled.task, binding=Binding.ENCOURAGED)
    RequirementFactory(task=filled.task, level=Level.INDUSTRY)
    empty = AssignmentFactory(institution=people.institution)
    support = fill_in(AssignmentFactory(task=filled.task, institution=InstitutionFactory(), part="support"))
    found = {
        row.pk: (row.requirements_done, row.requirements_total) for row in Assignment.objects.all().with_progress()
    }
    assert found == {filled.pk: (2, 3), empty.pk: (0, 0), support.pk: (1, 1)}


def test_the_tally(people):
    today = datetime.date(2026, 11, 22)
    due = {S.ACCEPTED: -9, S.NOT_APPLICABLE: -9, S.RETURNED: -1, S.SUBMITTED: 0, S.NOT_STARTED: 5}
    for state, days in due.items():
        deadline = today + datetime.timedelta(days=days)
        AssignmentFactory(institution=people.institution, state=state, deadline=deadline)
    assert Assignment.objects.all().tally(today) == {
        "total": 5,
        "accepted": 1,
        "not_applicable": 1,
        "overdue": 1,
        "next_deadline": today,
    }
