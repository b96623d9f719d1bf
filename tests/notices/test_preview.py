"""The preview says beforehand what the mornings will do: for any rules, deadline, state and missed days."""

import datetime

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assessments.enums import SelfAssessmentState
from assessments.models import Cycle, Rectification
from assessments.reminders import RECTIFICATIONS, SELF_ASSESSMENTS
from plan.enums import Reminded
from plan.models import ReminderStage
from portal.accounts.enums import Role
from portal.notices.enums import SUPERVISING, NoticeKind
from portal.notices.models import Escalation, Notice
from portal.notices.reminders.planning import plan_reminders
from portal.notices.reminders.preview import (
    escalations_of,
    matter_of,
    notices_of,
    past_of,
    people_of,
    runs_from,
    tellings,
)
from portal.working_days import DAY, is_working_day
from tasks.enums import AssignmentState
from tasks.models import Assignment
from tasks.reminders import ASSIGNMENTS
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member
from tests.factories.assessments import CycleFactory, SelfAssessmentFactory
from tests.factories.plan import RequirementFactory, TaskFactory
from tests.factories.rectifications import RectificationFactory
from tests.factories.tasks import AssignmentFactory
from tests.notices.stages import days, rules

pytestmark = pytest.mark.django_db
PEOPLE = [*Role.values, Role.CONTRIBUTOR, Role.SUPERVISOR]


class World:
    """An institution under two authorities, with a matter of each kind that is due on the day."""

    def __init__(
        self, deadline: datetime.date, roles: list[str], *, cios_turn: bool, acted: datetime.date | None
    ) -> None:
        self.deadline = deadline
        self.institution = InstitutionFactory()
        offices = [AuthorityFactory(), AuthorityFactory()]
        inside = (Role.LIAISON, Role.CONTRIBUTOR, Role.CIO)
        self.people = [
            member(self.institution if role in inside else offices[n % 2], role) for n, role in enumerate(roles)
        ]
        self.task = TaskFactory()
        at = timezone.make_aware(datetime.datetime.combine(acted, datetime.time(15))) if acted else None
        state = AssignmentState.AWAITING_SIGNATURE if cios_turn else AssignmentState.NOT_STARTED
        self.assignment = AssignmentFactory(
            task=self.task, institution=self.institution, deadline=deadline, state=state
        )
        cycle = CycleFactory(plan=self.task.plan)
        opens = deadline - DAY * 20
        Cycle.objects.update(due_on=deadline, opens_on=opens, period_ends_on=opens, period_starts_on=opens - DAY * 180)
        judged = SelfAssessmentState.AWAITING_SIGNATURE if cios_turn else SelfAssessmentState.DRAFT
        self.self_assessment = SelfAssessmentFactory(cycle=cycle, institution=self.institution, state=judged)
        opener = next(
            (person for person, role in zip(self.people, roles, strict=True) if role == Role.SUPERVISOR), None
        )
        authority = opener.memberships.get().authority if opener else offices[0]
        given = {"opened_by": opener} if opener else {}
        self.rectification = RectificationFactory(
            institution=self.institution,
            authority=authority,
            deadline=deadline,
            requirement=RequirementFactory(task=self.task),
            **given,
        )
        moments = {"started_at": at or timezone.now(), "handed_in_at": at or timezone.now()} if cios_turn else {}
        Assignment.objects.update(**moments or {"started_at": at, "state": "in_progress" if at else "not_started"})
        Rectification.objects.update(reopened_at=at)

    def matter(self, subject):
        row = {
            ASSIGNMENTS: self.assignment,
            SELF_ASSESSMENTS: self.self_assessment,
            RECTIFICATIONS: self.rectification,
        }[subject]
        return row.pk

    def foreseen(self, subject, today, runs):
        matter = matter_of(subject, self.matter(subject), today=today)
        told = (subject, self.matter(subject), self.institution, self.deadline)
        past = past_of(notices_of(*told), escalations_of(*told))
        people = {role: [one.user_id for one in ones] for role, ones in people_of(matter).items()}
        found = list(tellings(matter, people, past, runs))
        inside = {(one.day, person, one.label) for one in found if one.role not in SUPERVISING for person in one.people}
        above = {(one.day, one.role, one.label) for one in found if one.role in SUPERVISING}
        reported = {(one.day, person) for one in found if one.role in SUPERVISING for person in one.people}
        return inside, above, reported


def morning(subject, day):
    """What a run wrote: notices, escalations, and who was told of these."""
    notices, escalations = set(Notice.objects.values_list("pk")), set(Escalation.objects.values_list("pk"))
    plan_reminders(subject, today=day)
    new = [row for row in Notice.objects.all() if (row.pk,) not in notices]
    inside = {(day, row.recipient_id, row.key.split(":")[3]) for row in new if row.kind == subject.kind}
    reported = {(day, row.recipient_id) for row in new if row.kind == NoticeKind.ESCALATED}
    rows = [row for row in Escalation.objects.all() if (row.pk,) not in escalations]
    above = {(day, row.key.split(":")[4], row.key.split(":")[3]) for row in rows}
    return inside, above, reported


@pytest.mark.parametrize("subject", [ASSIGNMENTS, SELF_ASSESSMENTS, RECTIFICATIONS], ids=lambda subject: subject.name)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    told=rules(30),
    deadline=days,
    missing=st.one_of(st.just([]), st.lists(st.sampled_from(PEOPLE), max_size=4)),
    cios_turn=st.booleans(),
    acted=st.one_of(st.none(), st.integers(-60, 10)),
    first=st.integers(-40, 20),
    runs=st.lists(st.sampled_from([True, True, False]), min_size=20, max_size=45),
    before=st.one_of(st.just(0), st.integers(0, 10)),
)
def test_the_mornings_tell_what_was_foreseen(subject, told, deadline, missing, cios_turn, acted, first, runs, before):
    with transaction.atomic():
        roles = [role for role in PEOPLE if role not in missing]
        acted_on = None if acted is None else deadline + DAY * acted
        world = World(deadline, roles, cios_turn=cios_turn, acted=acted_on)
        for stage in told:
            ReminderStage.objects.create(
                plan=world.task.plan,
                subject=Reminded(subject.name),
                offset=stage.offset,
                unit=stage.unit,
                tell=list(stage.tell),
                every=stage.every,
                idle_days=stage.idle_days,
            )
        start = max(deadline + DAY * first, deadline - DAY * 20 if subject is SELF_ASSESSMENTS else datetime.date.min)
        working = [day for n in range(len(runs)) if is_working_day(day := start + DAY * n)]
        ran = [day for day, runs_then in zip(working, runs, strict=False) if runs_then]
        for day in ran[:before]:
            plan_reminders(subject, today=day)
        rest = ran[before:]
        foreseen = world.foreseen(subject, start, rest)
        happened = [morning(subject, day) for day in rest]
        for expected, found in zip(foreseen, map(set.union, *[[set(), set(), set()], *happened]), strict=True):
            assert found == expected
        transaction.set_rollback(True)


def test_runs_are_the_working_days_still_to_come():
    friday = datetime.date(2026, 11, 27)
    monday = datetime.date(2026, 11, 30)
    assert list(runs_from(ASSIGNMENTS, today=friday, until=monday)) == [friday, monday]
    plan_reminders(ASSIGNMENTS, today=friday)
    assert list(runs_from(ASSIGNMENTS, today=friday, until=monday)) == [monday]


def test_what_is_done_reminds_nobody():
    assignment = AssignmentFactory(state=AssignmentState.SUBMITTED)
    assert matter_of(ASSIGNMENTS, assignment.pk, today=timezone.localdate()) is None
    open_one = AssignmentFactory()
    assert matter_of(ASSIGNMENTS, open_one.pk, today=timezone.localdate()).deadline == open_one.deadline
    open_one.institution.is_active = False
    open_one.institution.save()
    assert matter_of(ASSIGNMENTS, open_one.pk, today=timezone.localdate()) is None
