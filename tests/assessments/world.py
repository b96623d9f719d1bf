"""A small world: one plan with every kind of requirement, an institution and its people, an authority and its."""

import datetime
from dataclasses import dataclass
from decimal import Decimal

from assessments import actions
from assessments.answers import AnswerDraft
from assessments.content import content_to_sign, digests_to_sign
from assessments.enums import Verdict
from assessments.models import Cycle, SelfAssessment
from assessments.remarks import RemarkGiven
from plan.enums import Binding, Level, RequirementKind
from plan.models import Plan, Requirement, Task
from portal.accounts.enums import Role
from portal.accounts.models import Authority, Institution, User
from tasks.models import Assignment
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member
from tests.factories.assessments import CycleFactory, SelfAssessmentFactory
from tests.factories.plan import PlanFactory, RequirementFactory, TaskFactory, ThemeFactory
from tests.factories.tasks import AssignmentFactory

K = RequirementKind
VALUES = {
    K.EVIDENCE: {"in_place": True},
    K.MATURITY: {"level": 3},
    K.RATIO: {"numerator": Decimal("30.00"), "denominator": Decimal("120.00")},
    K.NUMBER: {"number": Decimal("12.00")},
    K.DATE: {"date": datetime.date(2026, 3, 31)},
    K.YES_NO: {"in_place": True},
}


@dataclass
class World:
    plan: Plan
    first: Task
    second: Task
    institution: Institution
    contributor: User
    liaison: User
    cio: User
    authority: Authority
    supervisor: User
    lead: User
    observer: User
    cycle: Cycle
    draft: SelfAssessment

    def requirement(self, kind: RequirementKind) -> Requirement:
        return Requirement.objects.get(task=self.first, kind=kind)

    @property
    def first_assignment(self) -> Assignment:
        return Assignment.objects.get(institution=self.institution, task=self.first)


def draft(requirement: Requirement, justification="已落实。", evidence=(), revision=0, **values) -> AnswerDraft:
    values = values or VALUES[K(requirement.kind)]
    return AnswerDraft(values, justification, frozenset(evidence), revision)


def answer_all(world: World, self_assessment: SelfAssessment | None = None, by: User | None = None) -> None:
    self_assessment = self_assessment or world.draft
    revisions = dict(self_assessment.answers.values_list("requirement", "revision"))
    requirements = Requirement.objects.filter(task__plan=world.plan, level=Level.INSTITUTION)
    drafts = {r.pk: draft(r, revision=revisions.get(r.pk, 0)) for r in requirements}
    actions.save_answers(self_assessment=self_assessment, drafts=drafts, by=by or world.contributor)


def hand_in(world: World) -> SelfAssessment:
    answer_all(world)
    return actions.hand_in(self_assessment=world.draft, by=world.contributor)


def returned(text: str) -> RemarkGiven:
    return RemarkGiven(Verdict.RETURNED.value, text)


def accepted(text: str = "") -> RemarkGiven:
    return RemarkGiven(Verdict.ACCEPTED.value, text)


def seen(self_assessment: SelfAssessment) -> str:
    return digests_to_sign(content_to_sign(self_assessment)).sha256


def signed(world: World) -> SelfAssessment:
    handed_in = hand_in(world)
    return actions.sign(self_assessment=handed_in, seen_sha256=seen(handed_in), by=world.cio)


def build_world() -> World:
    plan = PlanFactory()
    theme = ThemeFactory(plan=plan, number=1)
    first, second = TaskFactory(theme=theme, number=1), TaskFactory(theme=theme, number=2)
    for kind in K:
        RequirementFactory(task=first, kind=kind)
    RequirementFactory(task=second)
    RequirementFactory(task=second, binding=Binding.ENCOURAGED)
    RequirementFactory(task=second, level=Level.INDUSTRY)
    institution, authority = InstitutionFactory(), AuthorityFactory()
    for task in (first, second):
        AssignmentFactory(task=task, institution=institution)
    cycle = CycleFactory(plan=plan)
    return World(
        plan=plan,
        first=first,
        second=second,
        institution=institution,
        contributor=member(institution, Role.CONTRIBUTOR),
        liaison=member(institution, Role.LIAISON),
        cio=member(institution, Role.CIO),
        authority=authority,
        supervisor=member(authority, Role.SUPERVISOR),
        lead=member(authority, Role.LEAD_SUPERVISOR),
        observer=member(authority, Role.OBSERVER),
        cycle=cycle,
        draft=SelfAssessmentFactory(cycle=cycle, institution=institution),
    )
