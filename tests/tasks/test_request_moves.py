"""Requests under two people at once, in real transactions, and under random moves."""

import datetime

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from portal.accounts.enums import Role
from portal.accounts.models import User
from portal.audit.models import AuditEvent
from portal.gate import WrongState
from tasks import actions
from tasks.enums import AssignmentState, RequestKind, RequestState
from tasks.evidence import withdraw_evidence
from tasks.models import Assignment, ChangeRequest, Evidence
from tasks.requests import AlreadyPending, decline_request, file_request, grant_request, withdraw_request
from tests.assessments.test_races import at_once, errors
from tests.factories.accounts import member
from tests.factories.tasks import AssignmentFactory, fill_in
from tests.tasks.world import make_people, make_task

K, R = RequestKind, RequestState
DAY = datetime.timedelta(days=1)


def again(user: User) -> User:
    return User.objects.get(pk=user.pk)


def extension(people, assignment: Assignment, days: int = 20, by: User | None = None, **fields) -> ChangeRequest:
    return file_request(
        assignment=assignment,
        kind=K.EXTENSION,
        reason="供应商交付推迟。",
        new_deadline=assignment.deadline + days * DAY,
        by=by or people.contributor,
        **fields,
    )


@pytest.mark.django_db(transaction=True)
class TestRaces:
    @pytest.fixture
    def people(self, transactional_db):
        return make_people()

    @pytest.fixture
    def assignment(self, people):
        return AssignmentFactory(institution=people.institution, task=make_task())

    def test_two_people_file_the_same(self, people, assignment):
        outcomes = at_once(
            lambda: extension(people, assignment, by=again(people.contributor)),
            lambda: extension(people, assignment, by=again(people.cio)),
        )
        (lost,) = errors(outcomes)
        assert isinstance(lost, AlreadyPending)
        assert ChangeRequest.objects.count() == 1

    def test_two_leads_decide(self, people, assignment):
        request = extension(people, assignment)
        other = member(people.authority, Role.LEAD_SUPERVISOR)
        outcomes = at_once(
            lambda: grant_request(request=request, authority=people.authority, by=again(people.lead)),
            lambda: decline_request(request=request, authority=people.authority, decision="否", by=again(other)),
        )
        (lost,) = errors(outcomes)
        assert isinstance(lost, WrongState)
        request.refresh_from_db()
        granted = request.state == R.GRANTED
        deadline = Assignment.objects.get().deadline
        assert deadline == (request.new_deadline if granted else request.old_deadline)
        assert AuditEvent.objects.filter(action__in=["changerequest.grant", "changerequest.decline"]).count() == 1

    def test_granted_twice(self, people, assignment):
        request = extension(people, assignment)
        outcomes = at_once(
            *[lambda: grant_request(request=request, authority=people.authority, by=again(people.lead))] * 2
        )
        assert len(errors(outcomes)) == 1

    def test_withdrawn_while_it_is_granted(self, people, assignment):
        request = extension(people, assignment)
        outcomes = at_once(
            lambda: withdraw_request(request=request, by=again(people.cio)),
            lambda: grant_request(request=request, authority=people.authority, by=again(people.lead)),
        )
        assert isinstance(errors(outcomes)[0], WrongState)
        request.refresh_from_db()
        deadline = Assignment.objects.get().deadline
        assert deadline == (request.new_deadline if request.state == R.GRANTED else request.old_deadline)

    def test_signed_for_while_it_is_exempted(self, people):
        """Whoever comes second is told: work is never exempt and on its way to the CIO."""
        assignment = fill_in(
            AssignmentFactory(institution=people.institution, task=make_task(), state=AssignmentState.IN_PROGRESS)
        )
        request = file_request(assignment=assignment, kind=K.NOT_APPLICABLE, reason="未开展。", by=people.cio)
        outcomes = at_once(
            lambda: actions.hand_in(assignment=assignment, by=again(people.contributor)),
            lambda: grant_request(request=request, authority=people.authority, by=again(people.supervisor)),
        )
        (lost,) = errors(outcomes)
        assert isinstance(lost, WrongState)
        state, request_state = Assignment.objects.get().state, ChangeRequest.objects.get().state
        assert (state, request_state) in [
            (AssignmentState.AWAITING_SIGNATURE, R.PENDING),
            (AssignmentState.NOT_APPLICABLE, R.GRANTED),
        ]

    def test_a_file_withdrawn_while_it_is_filed(self, people):
        assignment = fill_in(
            AssignmentFactory(institution=people.institution, task=make_task(), state=AssignmentState.IN_PROGRESS)
        )
        file = assignment.evidence.first()
        outcomes = at_once(
            lambda: extension(people, assignment, evidence=[file.pk], by=again(people.contributor)),
            lambda: withdraw_evidence(evidence=file, by=again(people.liaison)),
        )
        file = Evidence.objects.get(pk=file.pk)
        if errors(outcomes):
            assert not ChangeRequest.objects.exists() and file.frozen_at is None
        else:
            assert file.frozen_at


class Requests(RuleBasedStateMachine):
    """Both kinds on one assignment: whatever is tried, the deadline is the last one granted, or the original."""

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.savepoint()
        self.people = make_people()
        self.assignment = AssignmentFactory(institution=self.people.institution, task=make_task())
        self.deadline = self.original = self.assignment.deadline
        self.moves = 0

    def teardown(self) -> None:
        """The next run starts from empty tables."""
        transaction.savepoint_rollback(self.savepoint)

    def someone(self, role: str) -> User:
        return again(getattr(self.people, role))

    def last(self, kind: K) -> ChangeRequest | None:
        return ChangeRequest.objects.filter(kind=kind).order_by("-pk").first()

    @rule(days=st.integers(-3, 30), role=st.sampled_from(["contributor", "cio"]))
    def ask_for_time(self, days, role):
        assignment = Assignment.objects.get(pk=self.assignment.pk)
        legal = days > 0 and not assignment.is_closed
        legal = legal and not assignment.change_requests.pending().filter(kind=K.EXTENSION).exists()
        self.move(legal, lambda: extension(self.people, assignment, days, by=self.someone(role)))

    @rule()
    def ask_to_be_exempt(self):
        assignment = Assignment.objects.get(pk=self.assignment.pk)
        pending = assignment.change_requests.pending().filter(kind=K.NOT_APPLICABLE)
        legal = assignment.is_editable and not pending.exists()
        fields = {"kind": K.NOT_APPLICABLE, "reason": "未开展。", "by": self.someone("liaison")}
        self.move(legal, lambda: file_request(assignment=assignment, **fields))

    @rule(kind=st.sampled_from(K))
    def withdraw(self, kind):
        if request := self.last(kind):
            self.move(request.is_pending, lambda: withdraw_request(request=request, by=self.someone("cio")))

    @rule(kind=st.sampled_from(K), words=st.sampled_from(["", "理由不足。"]))
    def decline(self, kind, words):
        if request := self.last(kind):
            fields = {"authority": self.people.authority, "decision": words, "by": self.someone("lead")}
            legal = request.is_pending and bool(words)
            self.move(legal, lambda: decline_request(request=request, **fields))

    @rule(kind=st.sampled_from(K), days=st.integers(-1, 31))
    def grant(self, kind, days):
        request, assignment = self.last(kind), Assignment.objects.get(pk=self.assignment.pk)
        if not request:
            return
        legal = request.is_pending and not assignment.is_closed
        day = None
        if request.is_extension:
            day = request.old_deadline + days * DAY
            legal = legal and request.old_deadline < day <= request.new_deadline
        fields = {"authority": self.people.authority, "granted_deadline": day, "by": self.someone("lead")}
        if self.move(legal, lambda: grant_request(request=request, **fields)) and day:
            self.deadline = day

    def move(self, legal: bool, call) -> bool:
        if not legal:
            with pytest.raises(ValidationError):
                call()
            return False
        call()
        self.moves += 1
        return True

    @invariant()
    def the_deadline_is_the_last_granted_or_the_original(self):
        assignment = Assignment.objects.get(pk=self.assignment.pk)
        granted = assignment.change_requests.exclude(granted_deadline=None).order_by("decided_at").last()
        assert assignment.deadline == self.deadline == (granted.granted_deadline if granted else self.original)

    @invariant()
    def at_most_one_of_a_kind_waits(self):
        for kind in K:
            assert ChangeRequest.objects.pending().filter(kind=kind).count() <= 1

    @invariant()
    def exempt_exactly_when_that_was_granted(self):
        exempt = Assignment.objects.get(pk=self.assignment.pk).state == AssignmentState.NOT_APPLICABLE
        assert exempt == ChangeRequest.objects.filter(kind=K.NOT_APPLICABLE, state=R.GRANTED).exists()

    @invariant()
    def every_move_is_in_the_audit_trail(self):
        assert AuditEvent.objects.filter(action__startswith="changerequest.").count() == self.moves


@pytest.mark.django_db
def test_random_moves_keep_the_invariants():
    run_state_machine_as_test(
        Requests,
        settings=settings(max_examples=15, stateful_step_count=15, suppress_health_check=list(HealthCheck)),
    )
