"""The figures of one institution against a second reckoning in plain Python."""

import random
from collections import Counter
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import groupby
from types import SimpleNamespace

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from assessments.enums import CycleKind, SelfAssessmentState, Verdict
from assessments.models import Remark, Review, Score, SelfAssessment
from assessments.scores import rounded
from reports.comparison import Compared, Quartiles, Standing
from reports.progress import of_institution
from tasks.enums import CLOSED, AssignmentState, RequestKind, RequestState
from tasks.models import Assignment, ChangeRequest, Evidence, Submission
from tests.factories.accounts import InstitutionFactory, UserFactory
from tests.factories.assessments import CycleFactory, ReviewFactory, SelfAssessmentFactory, scored
from tests.factories.plan import PlanFactory, RequirementFactory, TaskFactory, ThemeFactory
from tests.factories.tasks import AssignmentFactory, EvidenceFactory, SubmissionFactory

S, V = AssignmentState, SelfAssessmentState
DAY = timedelta(days=1)
SCORES = st.integers(0, 50000).map(lambda number: Decimal(number) / 10000)


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), timezone.get_current_timezone())


@pytest.fixture
def course(db):
    """Some years of one institution: what it signed, in time and late, asked for, and got back."""
    chance = random.Random(1)
    today, plan, institution = timezone.localdate(), PlanFactory(), InstitutionFactory()
    themes = [ThemeFactory(plan=plan, number=n) for n in (1, 2)]
    for n in range(8):
        requirement = RequirementFactory(task=TaskFactory(theme=themes[n % 2], number=n + 1))
        state = chance.choice(list(S))
        deadline = today + chance.randint(-700, 100) * DAY
        row = AssignmentFactory(task=requirement.task, institution=institution, state=state, deadline=deadline)
        for _ in range(chance.randint(0, 3)):
            signed_on = deadline + chance.choice([-40, -1, 0, 1, 2, 45]) * DAY
            signed = SubmissionFactory(assignment=row, signed_at=noon(signed_on))
            _judged(chance, requirement, submission=signed)
        for kind in RequestKind:
            _asked(chance, row, kind)
        for number in range(chance.randint(0, 2)):
            EvidenceFactory(
                assignment=row,
                requirement=requirement,
                content=f"{row.pk}/{number}".encode(),
                content_type=chance.choice(["text/plain", "application/pdf", "application/x-unknown"]),
            )
    for _ in range(5):
        due_on = today + chance.randint(-700, -60) * DAY
        cycle = CycleFactory(plan=plan, opens_on=due_on - 60 * DAY, due_on=due_on)
        for version, state in enumerate([V.WITHDRAWN, V.RETURNED, chance.choice([V.ACCEPTED, V.DRAFT])], start=1):
            signed_at = noon(due_on + chance.choice([-3, 0, 1, 30]) * DAY)
            moment = {} if state == V.DRAFT else {"signed_at": signed_at}
            signed = SelfAssessmentFactory(institution=institution, cycle=cycle, state=state, version=version, **moment)
            if state == V.RETURNED:
                review = ReviewFactory(self_assessment=signed, verdict=Verdict.RETURNED)
                for requirement in chance.sample(list(_requirements(plan)), 3):
                    Remark.objects.create(review=review, requirement=requirement, text="请补充。")
    return SimpleNamespace(plan=plan, today=today)


def _requirements(plan):
    return [requirement for task in plan.tasks.all() for requirement in task.requirements.all()]


def _judged(chance, requirement, submission):
    if chance.random() < 0.6:
        verdict = chance.choice(list(Verdict))
        review = ReviewFactory(submission=submission, verdict=verdict)
        Remark.objects.create(review=review, requirement=requirement, verdict=verdict, text="意见")


def _asked(chance, row, kind):
    state = chance.choice([RequestState.GRANTED, RequestState.DECLINED, RequestState.WITHDRAWN, RequestState.PENDING])
    is_extension, now = kind == RequestKind.EXTENSION, timezone.now()
    new = row.deadline + 30 * DAY if is_extension else None
    decided = state in (RequestState.GRANTED, RequestState.DECLINED)
    ChangeRequest.objects.create(
        assignment=row,
        kind=kind,
        state=state,
        reason="供应商延期。",
        old_deadline=row.deadline,
        new_deadline=new,
        granted_deadline=new if state == RequestState.GRANTED else None,
        requested_by=UserFactory(),
        requested_at=noon(timezone.localdate() + chance.randint(-700, 0) * DAY),
        decided_by=UserFactory() if decided else None,
        decided_at=now if decided else None,
        decision="意见" if decided else "",
        withdrawn_at=now if state == RequestState.WITHDRAWN else None,
    )


def signed_versions() -> list[Submission | SelfAssessment]:
    """What was signed and not taken back: a submission is, when nobody judged it and it no longer waits."""
    submissions = list(Submission.objects.select_related("assignment", "review"))
    latest = {row.assignment_id: row.pk for row in sorted(submissions, key=lambda row: row.number)}
    waits = [row for row in submissions if row.assignment.state == S.SUBMITTED and latest[row.assignment_id] == row.pk]
    standing_ones = [row for row in submissions if row.verdict or row in waits]
    return [*standing_ones, *SelfAssessment.objects.filter(signed_at__isnull=False, withdrawn_at=None)]


def half_of(moment) -> tuple[int, int]:
    day = timezone.localdate(moment)
    return day.year, 1 if day.month <= 6 else 2


def test_half_years_are_those_of_a_second_reckoning(course, django_assert_num_queries):
    with django_assert_num_queries(3):
        found = of_institution.half_years(
            Submission.objects.all(), SelfAssessment.objects.all(), ChangeRequest.objects.all(), limit=100
        )
    versions = signed_versions()
    extensions = list(ChangeRequest.objects.filter(kind=RequestKind.EXTENSION))
    halves = {half_of(row.signed_at) for row in versions} | {half_of(row.requested_at) for row in extensions}
    assert [(row.year, row.half) for row in found] == sorted(halves, reverse=True)
    for row in found:
        late = [v.days_late for v in versions if half_of(v.signed_at) == (row.year, row.half)]
        asked = [r for r in extensions if half_of(r.requested_at) == (row.year, row.half)]
        assert (row.signed, row.late, row.most_days) == (len(late), sum(d > 0 for d in late), max(late, default=0))
        assert (row.asked, row.granted) == (len(asked), sum(r.state == RequestState.GRANTED for r in asked))
    assert sum(row.late for row in found) > 0
    limited = of_institution.half_years(
        Submission.objects.all(), SelfAssessment.objects.all(), ChangeRequest.objects.all(), limit=2
    )
    assert limited == found[:2]


def test_what_was_signed_late_comes_latest_first(course, django_assert_num_queries):
    with django_assert_num_queries(2):
        found = of_institution.signed_late(Submission.objects.all(), SelfAssessment.objects.all(), limit=4)
    late = sorted((v for v in signed_versions() if v.days_late), key=lambda v: v.signed_at, reverse=True)
    assert [(row.signed.signed_at, row.days) for row in found] == [(v.signed_at, v.days_late) for v in late[:4]]


def test_tasks_that_came_back_most_often_come_first(course):
    of = {"submission": Counter(), "self_assessment": Counter()}
    for review in Review.objects.prefetch_related("remarks__requirement"):
        kind = "submission" if review.submission_id else "self_assessment"
        of[kind].update({remark.requirement.task_id for remark in review.reasons})
    doing, judging = Review.objects.filter(self_assessment=None), Review.objects.filter(submission=None)
    found = of_institution.returned_tasks(doing, judging, limit=100)
    assert {row.task.pk: (row.doing, row.judging) for row in found} == {
        task: (of["submission"][task], of["self_assessment"][task]) for task in of["submission"] | of["self_assessment"]
    }
    both = [row.doing + row.judging for row in found]
    assert both == sorted(both, reverse=True)
    assert of_institution.returned_tasks(doing, judging, limit=2) == found[:2]


def test_the_schedule_of_each_theme(course):
    rows = sorted(Assignment.objects.select_related("task"), key=lambda row: row.task.theme_id)
    found = of_institution.schedule_by_theme(Assignment.objects.all(), plan=course.plan, today=course.today)
    assert found == {
        theme: of_institution.Scheduled(
            sum(row.deadline < course.today and row.state != S.NOT_APPLICABLE for row in here),
            min((r.deadline for r in here if r.deadline >= course.today and r.state not in CLOSED), default=None),
        )
        for theme, group in groupby(rows, key=lambda row: row.task.theme_id)
        for here in [list(group)]
    }


def test_files_by_type_state_and_theme(course, django_assert_num_queries):
    files = list(Evidence.objects.select_related("assignment__task"))
    with django_assert_num_queries(1):
        found = of_institution.files_of(Evidence.objects.all())
    assert dict(found.by_type) == Counter(str(file.type_label) for file in files)
    assert dict(found.by_state) == Counter(file.stored.state for file in files)
    assert found.by_theme == Counter(file.assignment.task.theme_id for file in files)
    assert found.total == len(files)
    having = {file.assignment_id for file in files}
    lacking = [row for row in Assignment.objects.exclude(state=S.NOT_APPLICABLE) if row.pk not in having]
    assert of_institution.without_files(Assignment.objects.all(), Evidence.objects.all(), plan=course.plan) == len(
        lacking
    )


@pytest.mark.django_db
def test_places_are_those_of_a_second_reckoning():
    cycle, chance = CycleFactory(), random.Random(3)
    values = [Decimal(chance.choice(["1.0", "2.5", "2.5001", "4"])) for _ in range(9)]
    for value in values:
        scored(InstitutionFactory(), cycle, value)
    for value in values:
        place = of_institution.place_among(Score.objects.whole(), value)
        assert place == (1 + sum(other > value for other in values), len(values))


@given(st.lists(st.tuples(st.none() | SCORES, st.none() | SCORES)))
def test_the_weakest_beside_the_median_comes_first(pairs):
    compared = [
        Compared(None, own, None if median is None else Quartiles(5, Decimal(0), rounded(median), Decimal(5)))
        for own, median in pairs
    ]
    found = of_institution.beside_median(compared)
    assert Counter(map(id, compared)) == Counter(id(one.line) for one in found)
    known = [one.difference for one in found if one.difference is not None]
    assert [one.difference for one in found] == sorted(known) + [None] * (len(found) - len(known))
    for line, difference in found:
        if line.own is None or line.others is None:
            assert difference is None
        else:
            assert difference == Decimal(str(rounded(line.own))) - line.others.median


@given(st.lists(st.tuples(st.none() | SCORES, st.sampled_from(CycleKind), st.integers(1, 2))))
def test_the_change_is_between_rounds_of_one_kind_and_plan(rounds):
    standings = [
        Standing(
            SelfAssessment(cycle=CycleFactory.build(plan=None, kind=kind, plan_id=plan)),
            {} if value is None else {None: value},
        )
        for value, kind, plan in rounds
    ]
    rated = [(value, kind, plan) for value, kind, plan in rounds if value is not None]
    found = of_institution.latest_change(standings)
    if not rated:
        assert found is None
        return
    value, *like = rated[-1]
    earlier = [other for other, *of in rated[:-1] if of == like]
    assert found.standing.whole == value
    assert found.by == (rounded(value) - rounded(earlier[-1]) if earlier else None)
