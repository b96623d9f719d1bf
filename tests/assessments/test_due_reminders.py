"""Reminders of self-assessments that are not signed, and of the measures that were planned in those that are."""

import datetime

import pytest
from django.utils import timezone

from assessments.enums import SelfAssessmentState as S
from assessments.reminders import MEASURES, SELF_ASSESSMENTS
from portal.accounts.enums import Role
from portal.notices.reminders.planning import plan_reminders
from tests.factories.accounts import InstitutionFactory, member
from tests.factories.assessments import AnswerFactory, CycleFactory, SelfAssessmentFactory
from tests.factories.plan import PlanFactory, RequirementFactory, TaskFactory, ThemeFactory

pytestmark = pytest.mark.django_db
DUE_ON = datetime.date(2026, 11, 25)


def days(count: int) -> datetime.timedelta:
    return datetime.timedelta(days=count)


class TestSelfAssessments:
    @pytest.fixture
    def cycle(self):
        return CycleFactory(opens_on=DUE_ON - days(60), due_on=DUE_ON)

    @pytest.fixture
    def institution(self):
        return InstitutionFactory()

    @pytest.fixture
    def liaison(self, institution):
        return member(institution, Role.LIAISON)

    @pytest.fixture
    def cio(self, institution):
        return member(institution, Role.CIO)

    def on(self, count):
        return plan_reminders(SELF_ASSESSMENTS, today=DUE_ON + days(count))

    @pytest.mark.parametrize("state", [S.DRAFT, S.AWAITING_SIGNATURE])
    def test_what_is_not_signed_is_reminded_of(self, cycle, institution, liaison, state):
        version = SelfAssessmentFactory(cycle=cycle, institution=institution, state=state)
        assert self.on(-15) == {}
        assert self.on(-14) == {"-14d": 1}
        notice = liaison.notices.get()
        assert notice.subject == "还有 14 天到期：“上半年自评”"
        assert "截止日期为2026年11月25日" in notice.body
        assert notice.path == version.get_absolute_url()

    @pytest.mark.parametrize("state", [S.SUBMITTED, S.ACCEPTED])
    def test_what_is_signed_is_not(self, cycle, institution, liaison, state):
        SelfAssessmentFactory(cycle=cycle, institution=institution, state=state)
        assert self.on(10) == {}

    def test_a_return_reminds_of_the_next_version(self, cycle, institution, liaison):
        SelfAssessmentFactory(cycle=cycle, institution=institution, state=S.RETURNED)
        version = SelfAssessmentFactory(cycle=cycle, institution=institution, version=2)
        assert self.on(0) == {"+0d": 1}
        assert liaison.notices.get().path == version.get_absolute_url()

    def test_the_cio_hears_two_working_days_before_and_earlier_of_what_waits_for_them(self, cycle, institution, cio):
        SelfAssessmentFactory(cycle=cycle, institution=institution)
        assert self.on(-7) == {}
        # 23 November is a Monday.
        assert self.on(-2) == {"-2w": 1}
        other = CycleFactory(plan=cycle.plan, opens_on=cycle.opens_on, due_on=DUE_ON)
        SelfAssessmentFactory(cycle=other, institution=institution, state=S.AWAITING_SIGNATURE)
        assert self.on(-7) == {"-7d": 1}

    def test_a_round_that_is_not_open_yet_reminds_nobody(self, institution, liaison):
        cycle = CycleFactory(opens_on=DUE_ON - days(3), due_on=DUE_ON)
        SelfAssessmentFactory(cycle=cycle, institution=institution)
        assert self.on(-7) == {}
        assert self.on(-3) == {"-7d": 1}


class TestMeasures:
    @pytest.fixture
    def plan(self):
        return PlanFactory()

    @pytest.fixture
    def requirement(self, plan):
        return RequirementFactory(task=TaskFactory(plan=plan, theme=ThemeFactory(plan=plan)), text="建立制度")

    @pytest.fixture
    def signed(self, plan, requirement):
        return self.sign(plan, requirement)

    @pytest.fixture
    def liaison(self, signed):
        return member(signed.institution, Role.LIAISON)

    def sign(self, plan, requirement, state=S.SUBMITTED, **fields):
        version = SelfAssessmentFactory(cycle__plan=plan, state=state, **fields)
        AnswerFactory(
            self_assessment=version,
            requirement=requirement,
            measure="编写制度",
            measure_owner="科技部",
            measure_due_on=self.due_on(),
        )
        return version

    def due_on(self):
        return timezone.localdate() + days(20)

    def on(self, count):
        return plan_reminders(MEASURES, today=self.due_on() + days(count))

    def test_the_day_that_was_planned_is_reminded_of(self, signed, liaison, requirement):
        assert self.on(-14) == {"-14d": 1}
        assert self.on(0) == {"+0d": 1}
        assert self.on(30) == {}
        notice = liaison.notices.first()
        assert notice.subject == f"整改措施今日到期：要求{requirement.reference}“建立制度”"
        assert notice.path == signed.get_absolute_url()

    def test_a_draft_reminds_of_nothing(self, plan, requirement):
        version = self.sign(plan, requirement, state=S.DRAFT)
        member(version.institution, Role.LIAISON)
        assert self.on(0) == {}

    def test_what_was_signed_since_counts_instead(self, signed, liaison, plan):
        SelfAssessmentFactory(cycle__plan=plan, institution=signed.institution, state=S.SUBMITTED)
        assert self.on(0) == {}
