"""Every figure against a plain recount of the rows."""

from collections import Counter
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from assessments.enums import Verdict
from assessments.models import Remark, Review
from portal.accounts.models import Institution
from reports import progress
from reports.progress import Figures
from tasks.enums import AssignmentState as S
from tasks.models import Assignment
from tests.factories.accounts import InstitutionFactory
from tests.factories.assessments import ReviewFactory
from tests.factories.plan import PlanFactory, RequirementFactory, TaskFactory
from tests.factories.reports import small_industry
from tests.factories.tasks import AssignmentFactory, SubmissionFactory

pytestmark = pytest.mark.django_db
OPEN = (S.NOT_STARTED, S.IN_PROGRESS, S.AWAITING_SIGNATURE, S.SUBMITTED, S.RETURNED)


def recount(rows, today):
    rows = list(rows)
    return Figures(
        Counter(row.state for row in rows), sum(1 for row in rows if row.state in OPEN and row.deadline < today)
    )


@pytest.fixture(params=range(4))
def industry(request):
    plan, institutions = small_industry(seed=request.param)
    # Another plan's work must not be counted.
    AssignmentFactory(institution=institutions[0], deadline=timezone.localdate() - timedelta(days=5))
    rows = list(Assignment.objects.filter(task__plan=plan).select_related("task__theme", "institution__region"))
    return plan, rows, timezone.localdate()


def test_cells_and_all_that_adds_up_from_them(industry, django_assert_num_queries):
    plan, rows, today = industry
    with django_assert_num_queries(2):
        measured = progress.measure(Assignment.objects.all(), plan=plan, today=today)
        assert measured.total == recount(rows, today)
        subjects = [line.subject for line in measured.by_theme]
    assert subjects == list(plan.themes.order_by("number"))
    for theme, figures in measured.by_theme:
        assert figures == recount([r for r in rows if r.task.theme == theme], today)
    for kind, figures in measured.by_kind:
        assert figures == recount([r for r in rows if r.institution.kind == kind], today)
    for task, figures in measured.by_task:
        assert figures == recount([r for r in rows if r.task == task], today)
    for theme in measured.themes:
        for kind in measured.kinds:
            here = [r for r in rows if r.task.theme == theme and r.institution.kind == kind]
            assert measured.of(theme, kind) == recount(here, today)
    assert sum(f.total for _s, f in measured.by_task) == len(rows)


def test_overdue_is_what_the_queryset_calls_overdue(industry):
    plan, rows, today = industry
    measured = progress.measure(Assignment.objects.all(), plan=plan, today=today)
    assert measured.total.overdue == Assignment.objects.filter(task__plan=plan).overdue(today).count()
    assert measured.total.overdue == sum(row.is_overdue for row in rows)


def test_regions_and_institutions(industry, django_assert_num_queries):
    plan, rows, today = industry
    with django_assert_num_queries(3):
        lines = progress.by_region(Institution.objects.all(), plan=plan, day=today)
    assert {line.subject for line in lines} == {row.institution.region for row in rows}
    for region, figures in lines:
        assert figures == recount([r for r in rows if r.institution.region == region], today)

    with django_assert_num_queries(3):
        bounded = progress.by_institution(Assignment.objects.all(), plan=plan, today=today, limit=4)
    assert bounded.total == len({row.institution_id for row in rows})
    assert bounded.more == bounded.total - 4
    for institution, figures in bounded.rows:
        assert +figures.states == recount([r for r in rows if r.institution == institution], today).states
        assert figures.overdue == recount([r for r in rows if r.institution == institution], today).overdue
    late = [figures.overdue for _institution, figures in bounded.rows]
    assert late == sorted(late, reverse=True)


def test_overdue_list_is_oldest_first_with_days(industry):
    plan, rows, today = industry
    found = progress.overdue_list(Assignment.objects.all(), plan=plan, today=today, limit=100)
    expected = sorted((r for r in rows if r.is_overdue), key=lambda r: (r.deadline, r.pk))
    assert [late.assignment for late in found] == expected
    assert [late.days for late in found] == [(today - row.deadline).days for row in expected]
    assert [progress.days_late(row, today) > 0 for row in rows] == [row.is_overdue for row in rows]


def test_nearest_deadlines_begin_today(industry):
    plan, rows, today = industry
    found = list(progress.nearest_deadlines(Assignment.objects.all(), plan=plan, today=today, limit=100))
    expected = [r for r in rows if r.state in OPEN and r.deadline >= today]
    assert found == sorted(expected, key=lambda r: (r.deadline, r.pk))


def test_figures_of_nothing():
    measured = progress.measure(Assignment.objects.none(), plan=PlanFactory(), today=timezone.localdate())
    assert (measured.total.total, measured.total.accepted_share, measured.kinds) == (0, None, [])
    assert measured.total.accepted_percent == "–"


@given(part=st.integers(0, 700_000), rest=st.integers(0, 700_000), not_applicable=st.integers(0, 100))
def test_accepted_share_is_half_up_of_what_applies(part, rest, not_applicable):
    states = Counter({S.ACCEPTED: part, S.IN_PROGRESS: rest, S.NOT_APPLICABLE: not_applicable})
    share = Figures(states).accepted_share
    if part + rest == 0:
        assert share is None
        return
    with localcontext(prec=60):
        exact = Decimal(part) * 100 / Decimal(part + rest)
    assert share == exact.quantize(Decimal("0.1"), ROUND_HALF_UP)
    assert 0 <= share <= 100


@pytest.mark.parametrize(
    ("accepted", "applicable", "share"),
    [(1, 16, "6.3"), (1, 3, "33.3"), (2, 3, "66.7"), (1, 800, "0.1"), (1, 1, "100.0")],
)
def test_accepted_share_examples(accepted, applicable, share):
    assert progress.percent(accepted, applicable) == Decimal(share)


def test_to_do_goes_from_returned_to_the_rest():
    today, plan, institution = timezone.localdate(), PlanFactory(), InstitutionFactory()

    def row(days, state, **fields):
        task = TaskFactory(plan=plan, theme__plan=plan)
        deadline = today + timedelta(days=days)
        return AssignmentFactory(task=task, institution=institution, deadline=deadline, state=state, **fields)

    rest = row(200, S.NOT_STARTED)
    sent_back = row(100, S.IN_PROGRESS, sent_back_at=timezone.now())
    soon = row(30, S.IN_PROGRESS)
    late = row(-1, S.NOT_STARTED)
    later_returned = row(100, S.RETURNED)
    returned = row(-50, S.RETURNED)
    for state in (S.AWAITING_SIGNATURE, S.SUBMITTED, S.ACCEPTED, S.NOT_APPLICABLE):
        row(-1, state)
    found = progress.to_do(Assignment.objects.all(), plan=plan, today=today, limit=10)
    assert list(found) == [returned, later_returned, late, soon, sent_back, rest]


def test_history_and_open_returns():
    today = timezone.localdate()
    requirement = RequirementFactory()
    answered = AssignmentFactory(task=requirement.task, state=S.RETURNED)
    first = SubmissionFactory(assignment=answered)
    returned = ReviewFactory(submission=first, verdict=Verdict.RETURNED)
    Remark.objects.create(review=returned, requirement=requirement, text="请补充盖章页。")
    untouched = AssignmentFactory(task=requirement.task, deadline=today)

    rows = {row.pk: row for row in progress.with_history(Assignment.objects.all())}
    assert (rows[answered.pk].submission_count, rows[answered.pk].last_verdict) == (1, Verdict.RETURNED)
    assert (rows[untouched.pk].submission_count, rows[untouched.pk].last_verdict) == (0, None)
    assert list(progress.open_returns(Review.objects.all(), Assignment.objects.all())) == [returned]

    second = SubmissionFactory(assignment=answered)
    assert not progress.open_returns(Review.objects.all(), Assignment.objects.all())
    ReviewFactory(submission=second)
    row = progress.with_history(Assignment.objects.all()).get(pk=answered.pk)
    assert (row.submission_count, row.last_verdict) == (2, Verdict.ACCEPTED)


def test_plan_in_force_is_the_one_that_today_falls_into():
    from plan.models import Plan

    today = timezone.localdate()
    assert progress.plan_in_force(Plan.objects.all(), today) is None
    year = timedelta(days=365)
    past = PlanFactory(starts_on=today - 6 * year, ends_on=today - year)
    assert progress.plan_in_force(Plan.objects.all(), today) == past
    now = PlanFactory(starts_on=today - year, ends_on=today)
    PlanFactory(starts_on=today + year, ends_on=today + 6 * year)
    assert progress.plan_in_force(Plan.objects.all(), today) == now
