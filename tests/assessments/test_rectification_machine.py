"""Random moves, legal and not, by random people: whatever happens, the course and the state agree."""

import datetime

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from assessments import actions
from assessments.enums import RectificationState, StepKind
from assessments.models import Rectification
from portal.audit.models import AuditEvent
from tests.assessments.world import World

S, K = RectificationState, StepKind
FILLERS, REVIEWERS = ["contributor", "liaison"], ["supervisor", "lead"]
PEOPLE = [*FILLERS, *REVIEWERS, "cio", "observer"]
MOVES = {
    "answer": actions.answer_rectification,
    "close": actions.close_rectification,
    "reopen": actions.reopen_rectification,
    "reschedule": actions.reschedule_rectification,
}
SOURCES = {
    "answer": {S.OPEN},
    "close": {S.OPEN, S.UNVERIFIED},
    "reopen": {S.UNVERIFIED, S.CLOSED},
    "reschedule": {S.OPEN},
}
LEADS_TO = {
    K.OPENED: S.OPEN,
    K.REOPENED: S.OPEN,
    K.RESCHEDULED: S.OPEN,
    K.ANSWERED: S.UNVERIFIED,
    K.CLOSED: S.CLOSED,
}
texts = st.sampled_from(["", " ", "已说明。"])
days = st.integers(-1, 40)


class RectificationMachine(RuleBasedStateMachine):
    world: World

    @initialize()
    def start(self) -> None:
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        self.rectification: Rectification | None = None
        self.moves = 0
        self.past: list[tuple] = []

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.savepoint.__exit__(None, None, None)

    def deadline(self, number: int) -> datetime.date:
        return timezone.localdate() + datetime.timedelta(days=number)

    def attempt(self, move, **arguments) -> bool:
        """Whether the move was made."""
        try:
            self.rectification = move(**arguments)
        except (ValidationError, PermissionDenied):
            return False
        self.moves += 1
        return True

    @precondition(lambda self: self.rectification is None)
    @rule(who=st.sampled_from(PEOPLE), text=texts, number=days)
    def open_one(self, who, text, number) -> None:
        done = self.attempt(
            actions.open_rectification,
            institution=self.world.institution,
            authority=self.world.authority,
            title="补齐记录",
            text=text,
            deadline=self.deadline(number),
            by=getattr(self.world, who),
        )
        assert done == (who in REVIEWERS and bool(text.strip()) and number > 0)

    @precondition(lambda self: self.rectification is not None)
    @rule(name=st.sampled_from(list(MOVES)), who=st.sampled_from(PEOPLE), text=texts, number=days, behind=st.booleans())
    def move(self, name, who, text, number, behind) -> None:
        extra = {"answer": {"evidence": []}, "close": {}}.get(name, {"deadline": self.deadline(number)})
        row = Rectification.objects.get(pk=self.rectification.pk)
        is_legal = (
            who in (FILLERS if name == "answer" else REVIEWERS)
            and row.state in SOURCES[name]
            and not behind
            and (text.strip() or (name == "close" and row.state == S.UNVERIFIED))
            and (name not in ("reopen", "reschedule") or number > 0)
            and (name != "reschedule" or self.deadline(number) != row.deadline)
        )
        last = row.steps.order_by("-pk")[0].pk
        done = self.attempt(
            MOVES[name],
            rectification=row,
            text=text,
            seen=last - 1 if behind else last,
            by=getattr(self.world, who),
            **extra,
        )
        assert done == bool(is_legal)

    @invariant()
    def the_course_and_the_state_agree(self) -> None:
        if not self.rectification:
            return
        row = Rectification.objects.get(pk=self.rectification.pk)
        course = list(row.steps.order_by("pk").values_list("pk", "kind", "text", "deadline", "by", "at"))
        assert course[: len(self.past)] == self.past, "a step was changed"
        self.past = course
        _pk, kind, _text, deadline, *_rest = course[-1]
        assert (row.state, row.deadline) == (LEADS_TO[K(kind)], deadline)
        assert (row.closed_at is not None) == (row.state == S.CLOSED)
        assert row.state != S.UNVERIFIED or row.answered_at
        recorded = AuditEvent.objects.filter(target_type="assessments.rectification", target_id=str(row.pk))
        assert recorded.count() == len(course) == self.moves


@pytest.mark.django_db
def test_rectification_machine(world):
    run_state_machine_as_test(
        type("Machine", (RectificationMachine,), {"world": world}),
        settings=settings(
            max_examples=25,
            stateful_step_count=12,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
