"""What a supervising body looks after, against a plain recount of the rows."""

from datetime import datetime, time, timedelta
from decimal import Decimal
from statistics import median

import pytest
import time_machine
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as DjangoTestCase

from assessments.enums import SelfAssessmentState
from assessments.models import Review
from portal.accounts.enums import AuthorityKind, InstitutionKind
from portal.accounts.models import Authority, Institution
from reports.progress import position, supervision
from tasks.enums import AssignmentState as S
from tasks.models import Assignment
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, RegionFactory
from tests.factories.assessments import ReviewFactory, SelfAssessmentFactory
from tests.factories.plan import PlanFactory, TaskFactory
from tests.factories.tasks import AssignmentFactory, SubmissionFactory

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
DAYS = st.integers(-3, 400) | st.sampled_from([1, 30, 31, 90, 91, 180, 181])


class TestAgeing(DjangoTestCase):
    @settings(max_examples=15)
    @given(
        st.lists(
            st.tuples(st.integers(-3, 400) | st.sampled_from([1, 30, 31, 90, 91, 180, 181]), st.sampled_from(S)),
            max_size=8,
        )
    )
    def test_every_overdue_row_is_in_one_age(self, rows):
        task, today = TaskFactory(), timezone.localdate()
        for days, state in rows:
            AssignmentFactory(task=task, deadline=today - days * DAY, state=state)
        late = [days for days, state in rows if days > 0 and state not in (S.ACCEPTED, S.NOT_APPLICABLE)]
        for age in supervision.ageing(position(Institution.objects.all(), plan=task.plan, day=today)):
            assert age.count == sum(age.low <= days <= (age.high or days) for days in late)


def test_what_was_returned_and_not_signed_again():
    task, now, today = TaskFactory(), timezone.now(), timezone.localdate()
    times = {"submitted_at": now - 9 * DAY, "returned_at": now - 6 * DAY}
    waits = [
        AssignmentFactory(task=task, state=state, **times)
        for state in (S.RETURNED, S.IN_PROGRESS, S.AWAITING_SIGNATURE)
    ]
    again = {"submitted_at": now - 2 * DAY, "returned_at": now - 6 * DAY}
    AssignmentFactory(task=task, state=S.SUBMITTED, **again)
    AssignmentFactory(task=task, state=S.IN_PROGRESS, **again, withdrawn_at=now)
    AssignmentFactory(task=task, state=S.IN_PROGRESS)
    AssignmentFactory(state=S.RETURNED)
    oldest = AssignmentFactory(task=task, state=S.RETURNED, submitted_at=now - 60 * DAY, returned_at=now - 50 * DAY)
    rows, count = supervision.unanswered(Assignment.objects.all(), plan=task.plan, today=today, limit=3)
    assert count == (4, False)
    assert [(row.assignment, row.days) for row in rows] == [(oldest, 50), (waits[0], 6), (waits[1], 6)]


def test_this_week_ends_on_sunday_and_counts_what_is_to_be_handed_in():
    plan, today = PlanFactory(), timezone.localdate()
    monday = today - today.weekday() * DAY
    tasks = [TaskFactory(plan=plan, theme__plan=plan, number=n) for n in (7, 8)]
    for day in (monday + 3 * DAY, monday + 6 * DAY, monday + 7 * DAY, monday + 2 * DAY):
        AssignmentFactory(task=tasks[0], deadline=day)
    AssignmentFactory(task=tasks[0], deadline=monday + 6 * DAY)
    AssignmentFactory(task=tasks[1], deadline=monday + 3 * DAY, state=S.RETURNED)
    for state in (S.SUBMITTED, S.ACCEPTED, S.NOT_APPLICABLE):
        AssignmentFactory(task=tasks[1], deadline=monday + 3 * DAY, state=state)
    week = supervision.this_week(Assignment.objects.all(), plan=plan, tasks=tasks, today=monday + 3 * DAY)
    assert week.ends_on == monday + 6 * DAY and week.total == 4
    assert [(due.task.number, (due.deadline - monday).days, due.count) for due in week.lines] == [
        (7, 3, 1),
        (8, 3, 1),
        (7, 6, 2),
    ]


def signed_and_judged(authority, days, judged_ago=1):
    """A submission of some institution, judged by the authority so many days after its signature."""
    now = timezone.now()
    judged_at = now - judged_ago * DAY
    submission = SubmissionFactory(
        assignment=AssignmentFactory(state=S.ACCEPTED), signed_at=judged_at - timedelta(days=days)
    )
    return ReviewFactory(submission=submission, authority=authority, created_at=judged_at)


def test_load_and_turnaround_of_every_authority(django_assert_num_queries):
    today, now = timezone.localdate(), timezone.now()
    headquarters = AuthorityFactory()
    futures = AuthorityFactory(kind=AuthorityKind.REGIONAL_OFFICE, kinds=[InstitutionKind.FUTURES])
    firm = InstitutionFactory(kind=InstitutionKind.FUTURES)
    AssignmentFactory(institution=firm, state=S.SUBMITTED, submitted_at=now - 4 * DAY)
    AssignmentFactory(state=S.SUBMITTED, submitted_at=now - 2 * DAY)
    AssignmentFactory(institution=firm, state=S.RETURNED)
    with time_machine.travel(now - 11 * DAY):
        SelfAssessmentFactory(institution=firm, state=SelfAssessmentState.SUBMITTED)
    reviews = [signed_and_judged(futures, days) for days in (1, 2, 10, 30)]
    signed_and_judged(futures, 99, judged_ago=100)
    judged = SelfAssessmentFactory(state=SelfAssessmentState.ACCEPTED)
    reviews.append(ReviewFactory(self_assessment=judged, authority=futures, created_at=judged.signed_at + 3 * DAY))
    with django_assert_num_queries(4):
        loads = supervision.load(Authority.objects.within(headquarters), today=today)
    first, second = loads.lines
    with django_assert_num_queries(1):
        assert supervision.load(Authority.objects.within(headquarters), today=today) == loads
    assert (first.authority, first.waiting, first.oldest_days) == (headquarters, 3, 11)
    assert (first.judged, first.median_days) == (0, None)
    assert (second.authority, second.waiting, second.oldest_days) == (futures, 2, 11)
    assert supervision.load(Authority.objects.within(futures), today=today).lines == [second]
    assert (second.judged, second.median_days) == (5, Decimal("3.0"))
    took = median(
        review.created_at - (review.submission.signed_at if review.submission else judged.signed_at)
        for review in Review.objects.filter(pk__in=[review.pk for review in reviews])
    )
    assert abs(Decimal(took / DAY) - second.median_days) <= Decimal("0.05")


def test_verdicts_count_from_the_beginning_of_a_day():
    authority, today = AuthorityFactory(), timezone.localdate()
    first = timezone.make_aware(datetime.combine(today - 90 * DAY, time.min))
    for moment in (first, first - timedelta(seconds=1)):
        submission = SubmissionFactory(assignment=AssignmentFactory(state=S.ACCEPTED), signed_at=moment - DAY)
        ReviewFactory(submission=submission, authority=authority, created_at=moment)
    (line,) = supervision.load(Authority.objects.filter(pk=authority.pk), today=today).lines
    assert (line.waiting, line.oldest_days, line.judged, line.median_days) == (0, None, 1, Decimal("1.0"))


def test_authorities_within_a_scope():
    shanghai, beijing = RegionFactory(), RegionFactory(code="beijing", name="北京", name_en="Beijing")
    headquarters = AuthorityFactory()
    association = AuthorityFactory(kinds=[InstitutionKind.SECURITIES])
    office = AuthorityFactory(regions=[shanghai, beijing])
    city = AuthorityFactory(regions=[beijing], kinds=[InstitutionKind.SECURITIES])
    assert set(Authority.objects.within(headquarters)) == {headquarters, association, office, city}
    assert set(Authority.objects.within(office)) == {office, city}
    assert set(Authority.objects.within(association)) == {association, city}
    assert set(Authority.objects.within(city)) == {city}
