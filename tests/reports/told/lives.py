"""Half a year of a small industry, and a self-assessment with every kind of answer: reports on them, not yet composed.

To be read at `NOW`.
"""

import datetime

import time_machine
from django.utils import timezone

from assessments import actions
from assessments.content import content_to_sign, digests_to_sign
from assessments.enums import RectificationState, Verdict
from assessments.models import Remark
from plan.enums import Level, RequirementKind
from plan.models import Requirement, Theme
from portal.accounts.enums import InstitutionKind
from portal.accounts.models import Region
from reports.enums import ReportKind
from tasks.enums import AssignmentState
from tasks.models import Assignment
from tests.assessments.world import VALUES, build_world
from tests.factories.accounts import AuthorityFactory
from tests.factories.assessments import AnswerFactory, CycleFactory, ReviewFactory, scored
from tests.factories.plan import RequirementFactory
from tests.factories.rectifications import RectificationFactory
from tests.factories.reports import ReportFactory, small_industry
from tests.factories.tasks import EvidenceFactory, SubmissionFactory

BEGAN, BETTER, BUSY, NOW = (
    datetime.datetime(2026, month, 4, 10, tzinfo=timezone.get_default_timezone()) for month in (5, 8, 10, 11)
)
PAST = datetime.date(2026, 9, 30)
FORMULA = "=HYPERLINK(1)"
S = AssignmentState


def industry():
    """Its plan and the assignment that was returned: most is late; one institution got more time, and is ahead."""
    with time_machine.travel(BEGAN, tick=False):
        plan, institutions = small_industry(seed=3)
        for task in plan.tasks.all():
            RequirementFactory(task=task, kind=RequirementKind.MATURITY)
        returned = institutions[0].assignments.filter(state=S.RETURNED).first()
        _return(SubmissionFactory(assignment=returned), returned.task)
        _rate(plan, institutions)
        for state, institution in zip(RectificationState, institutions[:2] * 2, strict=False):
            for days in (-1, 200):
                deadline = timezone.localdate() + datetime.timedelta(days=days)
                RectificationFactory(
                    state=state,
                    institution=institution,
                    requirement=returned.task.requirements.get(),
                    deadline=deadline,
                )
    with time_machine.travel(BETTER, tick=False):
        ahead = institutions[3].assignments.all()
        _become(ahead, deadline=datetime.date(2027, 6, 30))
        _become(ahead.order_by("pk")[:2], state=S.ACCEPTED, accepted_at=timezone.now())
        elsewhere = returned.task.assignments.filter(institution__in=institutions[2::3])
        _become(elsewhere.exclude(state=S.NOT_APPLICABLE), state=S.SUBMITTED, accepted_at=None)
    with time_machine.travel(BUSY, tick=False):
        _become(Assignment.objects.filter(state=S.IN_PROGRESS), state=S.SUBMITTED)
    return plan, returned


def _become(rows, **fields):
    now = timezone.now()
    stamps = {"started_at": now, "submitted_at": now, "returned_at": now, "changed_at": now}
    Assignment.objects.filter(pk__in=list(rows.values_list("pk", flat=True))).update(**stamps, **fields)


def _return(signed, task):
    about = "submission" if hasattr(signed, "assignment") else "self_assessment"
    review = ReviewFactory(**{about: signed}, verdict=Verdict.RETURNED, comment=FORMULA)
    Remark.objects.create(review=review, requirement=task.requirements.get(), verdict=Verdict.RETURNED, text=FORMULA)


def _rate(plan, institutions):
    """Two rounds that were accepted, one of them after all were; in the second, one version was returned before."""
    themes = list(plan.themes.all())
    for ends_on in (datetime.date(2025, 12, 31), datetime.date(2026, 3, 31)):
        cycle = CycleFactory(plan=plan, title=f"截至{ends_on}", period_ends_on=ends_on)
        for place, institution in enumerate(institutions[:4]):
            rated = {theme: f"{(place + theme.number) % 5}.2500" for theme in themes}
            signed = scored(institution, cycle, f"{place}.1500", rated)
            for level, requirement in enumerate(Requirement.objects.filter(task__plan=plan), start=place):
                AnswerFactory(self_assessment=signed, requirement=requirement, level=level % 6)
    for task in plan.tasks.all():
        _return(scored(institutions[5], CycleFactory(plan=plan), "1", state="returned"), task)


def supervisory(day=None):
    plan, _returned = industry()
    return ReportFactory(plan=plan, authority=_authority(), day=day)


def task(day=None):
    plan, returned = industry()
    return ReportFactory(kind=ReportKind.TASK, plan=plan, authority=_authority(), task=returned.task, day=day)


def status():
    plan, returned = industry()
    return ReportFactory(plan=plan, institution=returned.institution)


def _authority():
    return AuthorityFactory(
        kinds=[InstitutionKind.SECURITIES, InstitutionKind.CORE],
        regions=list(Region.objects.filter(code__in=["beijing", "shanghai"])),
    )


def assessment():
    """A first version with a gap, files and an answer to a reason for return, returned; the round before accepted."""
    with time_machine.travel(BUSY, tick=False):
        world = build_world()
        world.first.requirements.filter(kind=RequirementKind.MATURITY).update(weight=3)
        starts_on, ends_on = datetime.date(2019, 7, 1), datetime.date(2019, 12, 31)
        before = CycleFactory(plan=world.plan, title="上一周期", period_starts_on=starts_on, period_ends_on=ends_on)
        scored(world.institution, before, "2.2500", {Theme.objects.get(plan=world.plan): "2.7500"})
        for requirement in Requirement.objects.filter(task__plan=world.plan, level=Level.INSTITUTION):
            _answer(world, requirement)
        handed_in = actions.hand_in(self_assessment=world.draft, by=world.contributor)
        seen = digests_to_sign(content_to_sign(handed_in))
        signed = actions.sign(self_assessment=handed_in, seen_sha256=seen.sha256, by=world.cio)
        _return_answers(world, signed)
    signed.refresh_from_db()
    return ReportFactory(
        kind=ReportKind.ASSESSMENT,
        plan=world.plan,
        institution=world.institution,
        self_assessment=signed,
        requested_by=world.cio,
    )


def _answer(world, requirement):
    fields = VALUES[RequirementKind(requirement.kind)]
    if requirement.kind == RequirementKind.MATURITY:
        due_on = datetime.date(2027, 1, 31)
        fields = {
            "level": 2,
            "measure": "修订制度。",
            "measure_owner": "周明",
            "measure_due_on": due_on,
            "reply": "已补充。",
        }
    answer = AnswerFactory(self_assessment=world.draft, requirement=requirement, **fields)
    if requirement.kind == RequirementKind.EVIDENCE:
        assignment = requirement.task.assignments.get()
        answer.evidence.add(EvidenceFactory(assignment=assignment, requirement=requirement))


def _return_answers(world, signed):
    """One is returned, and of one more something is said."""
    returned = world.requirement(RequirementKind.MATURITY), world.requirement(RequirementKind.RATIO)
    remarks = {returned[0].pk: (Verdict.RETURNED, FORMULA), returned[1].pk: (Verdict.ACCEPTED, "口径清楚。")}
    review = ReviewFactory(
        self_assessment=signed, verdict=Verdict.RETURNED, comment="请补充。", authority=world.authority
    )
    for requirement, (verdict, text) in remarks.items():
        Remark.objects.create(review=review, requirement_id=requirement, verdict=verdict, text=text)
    type(signed).objects.filter(pk=signed.pk).update(state="returned", reviewed_at=timezone.now())
