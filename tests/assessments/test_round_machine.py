"""Random moves of a self-assessment and its reviews, legal and not, by random people: what was delivered stays."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from assessments import actions
from assessments.completeness import lines_of
from assessments.enums import SelfAssessmentState, Verdict
from assessments.models import Review, SelfAssessment
from plan.enums import RequirementKind
from portal.audit.canonical import canonical_json, digests
from portal.audit.models import AuditEvent
from tests.assessments.world import World, answer_all, returned, seen

S = SelfAssessmentState
FILLERS, REVIEWERS = ("contributor", "liaison"), ("supervisor", "lead")
PEOPLE = [*FILLERS, *REVIEWERS, "cio", "observer"]


def likely(*who: str) -> st.SearchStrategy[str]:
    """Anybody, and those who may rather often, so that the machine gets somewhere."""
    return st.one_of(st.sampled_from(who), st.sampled_from(PEOPLE))


class RoundMachine(RuleBasedStateMachine):
    world: World

    @initialize()
    def start(self) -> None:
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        self.delivered: dict[int, tuple] = {}
        self.moves = 0

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.savepoint.__exit__(None, None, None)

    @property
    def versions(self) -> list[SelfAssessment]:
        return list(SelfAssessment.objects.filter(cycle=self.world.cycle).order_by("version"))

    @property
    def latest(self) -> SelfAssessment:
        return self.versions[-1]

    def attempt(self, move, who: str, **arguments) -> bool:
        """Whether the move was made. A move that is refused leaves nothing behind."""
        try:
            move(by=getattr(self.world, who), **arguments)
        except (ValidationError, PermissionDenied):
            return False
        self.moves += 1
        return True

    @rule(who=likely(*FILLERS))
    def answer(self, who) -> None:
        latest = self.latest
        try:
            answer_all(self.world, latest, getattr(self.world, who))
        except (ValidationError, PermissionDenied):
            assert who not in FILLERS or latest.state != S.DRAFT
        else:
            assert who in FILLERS
            assert latest.state == S.DRAFT

    @rule()
    def reply(self) -> None:
        latest = self.latest
        if latest.state == S.DRAFT:
            latest.answers.update(reply="已补充。")

    @rule(who=likely(*FILLERS))
    def hand_in(self, who) -> None:
        latest = self.latest
        is_whole = not any(line.is_missing for line in lines_of(latest))
        done = self.attempt(actions.hand_in, who, self_assessment=latest)
        assert done == (who in FILLERS and latest.state == S.DRAFT and is_whole)

    @rule(who=likely("cio"), reason=st.sampled_from(["", " ", "请改。"]))
    def send_back(self, who, reason) -> None:
        latest = self.latest
        done = self.attempt(actions.send_back, who, self_assessment=latest, reason=reason)
        assert done == (who == "cio" and latest.state == S.AWAITING_SIGNATURE and bool(reason.strip()))

    @rule(who=likely("cio"), has_read=st.sampled_from([True, True, False]))
    def sign(self, who, has_read) -> None:
        latest = self.latest
        digest = seen(latest) if has_read else "0" * 64
        done = self.attempt(actions.sign, who, self_assessment=latest, seen_sha256=digest)
        assert done == (who == "cio" and latest.state == S.AWAITING_SIGNATURE and has_read)

    @rule(who=likely("cio"), reason=st.sampled_from(["", "填错了。"]), is_behind=st.sampled_from([False, False, True]))
    def withdraw(self, who, reason, is_behind) -> None:
        row = self.versions[0] if is_behind else self.latest
        done = self.attempt(actions.withdraw_self_assessment, who, self_assessment=row, reason=reason)
        assert done == (who == "cio" and row.state == S.SUBMITTED and bool(reason))

    @rule(
        who=likely(*REVIEWERS),
        verdict=st.sampled_from(Verdict),
        says_why=st.booleans(),
        is_behind=st.sampled_from([False, False, True]),
    )
    def review(self, who, verdict, says_why, is_behind) -> None:
        row = self.versions[0] if is_behind else self.latest
        requirement = self.world.requirement(RequirementKind.MATURITY)
        done = self.attempt(
            actions.review_self_assessment,
            who,
            self_assessment=row,
            verdict=verdict,
            remarks={requirement.pk: returned("请补充。")} if says_why else {},
            authority=self.world.authority,
        )
        assert done == (who in REVIEWERS and row.state == S.SUBMITTED and says_why == (verdict == Verdict.RETURNED))

    @invariant()
    def versions_follow_each_other(self) -> None:
        versions = self.versions
        assert [row.version for row in versions] == list(range(1, len(versions) + 1))
        assert all(row.state in (S.RETURNED, S.WITHDRAWN) for row in versions[:-1])
        assert versions[-1].state not in (S.RETURNED, S.WITHDRAWN)

    @invariant()
    def what_was_delivered_never_changes(self) -> None:
        signed = {row.pk: row for row in self.versions if row.signed_at}
        now = {pk: (row.content, row.sha256, row.sm3, row.signed_at, row.signed_by_id) for pk, row in signed.items()}
        assert self.delivered.items() <= now.items()
        self.delivered = now
        for row in signed.values():
            assert (row.sha256, row.sm3) == digests(canonical_json(row.content))
            assert row.scores.exists()

    @invariant()
    def each_version_has_the_verdict_of_its_state(self) -> None:
        verdicts = dict(Review.objects.values_list("self_assessment", "verdict"))
        judged = {row.pk: row.state for row in self.versions if row.state in (S.ACCEPTED, S.RETURNED)}
        assert verdicts == judged

    @invariant()
    def each_move_is_in_the_audit_trail(self) -> None:
        moves = [f"selfassessment.{name}" for name in ("hand_in", "send_back", "sign", "accept", "return", "withdraw")]
        assert AuditEvent.objects.filter(action__in=moves).count() == self.moves


@pytest.mark.django_db
def test_round_machine(world):
    run_state_machine_as_test(
        type("Machine", (RoundMachine,), {"world": world}),
        settings=settings(
            max_examples=30,
            stateful_step_count=15,
            suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
        ),
    )
