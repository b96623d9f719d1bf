"""The review queue: what is in it, for whom, in which order."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assessments.enums import SelfAssessmentState
from assessments.filters import QueueFilterForm
from assessments.models import SelfAssessment
from assessments.queue import Place, Queue, place_of
from portal.accounts.actions import add_member
from portal.accounts.enums import InstitutionKind, Role
from portal.accounts.models import Institution, User
from tasks.enums import AssignmentState
from tasks.models import Submission
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, RegionFactory, member, membership_of
from tests.factories.assessments import ReviewFactory, SelfAssessmentFactory
from tests.factories.plan import TaskFactory
from tests.factories.tasks import AssignmentFactory, SubmissionFactory

NOW = timezone.now()
S = SelfAssessmentState


def days_ago(days: int) -> datetime.datetime:
    return NOW - datetime.timedelta(days=days)


def submission(days: int, **fields) -> Submission:
    assignment = AssignmentFactory(state=AssignmentState.SUBMITTED, submitted_at=days_ago(days), **fields)
    return SubmissionFactory(assignment=assignment, signed_at=days_ago(days))


def self_assessment(days: int, **fields) -> SelfAssessment:
    row = SelfAssessmentFactory(**fields)
    SelfAssessment.objects.filter(pk=row.pk).update(
        state=S.SUBMITTED,
        handed_in_at=days_ago(days),
        signed_at=days_ago(days),
        signed_by=member(row.institution, Role.CIO),
        content={"tasks": []},
        sha256="0" * 64,
    )
    row.refresh_from_db()
    return row


def queue(user, **filters) -> Queue:
    acting = membership_of(user)
    form = QueueFilterForm(filters, scope=Institution.objects.visible_to(user, acting))
    return Queue(user, acting, form)


def rows(user, **filters) -> list:
    return [item.row for item in queue(user, **filters).items()]


@pytest.fixture
def supervisor(db) -> User:
    return member(AuthorityFactory(), Role.SUPERVISOR)


def test_both_kinds_stand_in_one_order_the_oldest_first(supervisor):
    third, first, fourth = submission(3), submission(9), submission(1)
    second = self_assessment(5)
    assert rows(supervisor) == [first, second, third, fourth]
    assert [item.waiting_days for item in queue(supervisor).items()] == [9, 5, 3, 1]


def test_only_what_awaits_a_verdict_is_in_it(supervisor):
    waiting = submission(2)
    ReviewFactory(submission=submission(3))
    for state in (S.DRAFT, S.AWAITING_SIGNATURE, S.ACCEPTED, S.RETURNED):
        SelfAssessmentFactory(state=state)
    for state in (AssignmentState.IN_PROGRESS, AssignmentState.RETURNED, AssignmentState.ACCEPTED):
        SubmissionFactory(assignment=AssignmentFactory(state=state))
    assert rows(supervisor) == [waiting]


def test_a_resubmission_waits_and_the_reviewed_one_before_it_does_not(supervisor):
    first = submission(9)
    ReviewFactory(submission=first, verdict="returned")
    second = SubmissionFactory(assignment=first.assignment)
    assert rows(supervisor) == [second]


def test_nobody_sees_beyond_the_scope_of_the_body_acted_for(db):
    beijing = RegionFactory(code="beijing", name="北京", name_en="Beijing")
    here, there = AuthorityFactory(regions=[RegionFactory()]), AuthorityFactory(regions=[beijing])
    mine = submission(1)
    theirs = submission(2, institution=InstitutionFactory(region=beijing))
    also_theirs = self_assessment(3, institution=theirs.institution)
    user = member(here, Role.SUPERVISOR)
    assert rows(user) == [mine]
    add_member(user=user, body=there, role=Role.OBSERVER, by=None)
    user = User.objects.get(pk=user.pk)
    acting = {m.authority_id: m for m in user.active_memberships}
    assert [i.row for i in Queue(user, acting[here.pk], QueueFilterForm({})).items()] == [mine]
    assert Queue(user, acting[there.pk], QueueFilterForm({})).items() == []
    assert rows(member(there, Role.LEAD_SUPERVISOR)) == [also_theirs, theirs]
    assert rows(member(there, Role.OBSERVER)) == []


def test_ones_own_institution_is_for_others_to_judge(supervisor):
    own = submission(2)
    self_assessment(1, institution=own.institution)
    other = submission(1)
    acting = membership_of(supervisor)
    add_member(user=supervisor, body=own.institution, role=Role.LIAISON, by=None)
    user = User.objects.get(pk=supervisor.pk)
    assert [item.row for item in Queue(user, acting, QueueFilterForm({})).items()] == [other]


def test_pages_follow_each_other_without_gap_or_repetition(supervisor):
    institution = InstitutionFactory()
    for _ in range(3):  # all at the same moment
        submission(4, institution=institution)
        self_assessment(4, institution=institution)
    whole = queue(supervisor)
    seen, place = [], None
    while page := whole.items(place, 2):
        seen += [item.place for item in page]
        place = Place.parse(page[-1].place.cursor)
    assert seen == sorted(set(seen))
    assert len(seen) == 6


@pytest.mark.parametrize("cursor", ["", "x", "1~2", "1~2~x", "9" * 40 + "~0~1", "1~0~1~1"])
def test_a_cursor_that_makes_no_sense_is_the_first_page(cursor):
    assert Place.parse(cursor) is None


def test_what_follows_a_verdict_is_the_next_and_at_the_end_the_oldest(supervisor):
    first, second, third = submission(3), self_assessment(2), submission(1)
    whole = queue(supervisor)
    assert whole.next_after(place_of(first)).row == second
    assert whole.next_after(place_of(third)).row == first
    empty = queue(supervisor, kind="association")
    assert empty.next_after(place_of(second)) is None


def test_filters(supervisor):
    beijing = RegionFactory(code="beijing", name="北京", name_en="Beijing")
    fund = InstitutionFactory(kind=InstitutionKind.FUND, region=beijing)
    task = TaskFactory()
    work, judged = submission(2, institution=fund, task=task), self_assessment(1, institution=fund)
    other = submission(3)
    assert rows(supervisor, type="submission") == [other, work]
    assert rows(supervisor, type="self_assessment") == [judged]
    assert rows(supervisor, kind="fund") == [work, judged]
    assert rows(supervisor, region="beijing") == [work, judged]
    assert rows(supervisor, institution=fund.pk) == [work, judged]
    assert rows(supervisor, theme=task.theme_id) == [work]
    assert rows(supervisor, theme=task.theme_id, type="self_assessment") == []
    assert rows(supervisor, kind="nonsense", type="self_assessment") == [judged]


def test_an_institution_outside_the_scope_is_no_filter_and_no_leak(db):
    authority = AuthorityFactory(kinds=[InstitutionKind.SECURITIES])
    user = member(authority, Role.SUPERVISOR)
    mine, theirs = submission(1), InstitutionFactory(kind=InstitutionKind.FUND)
    form = QueueFilterForm({"institution": theirs.pk}, scope=Institution.objects.visible_to(user))
    assert [item.row for item in Queue(user, membership_of(user), form).items()] == [mine]
    assert theirs.name not in str(form)


def test_the_count_is_bounded(supervisor, monkeypatch):
    submission(1)
    submission(2)
    self_assessment(3)
    assert queue(supervisor).count() == (3, False)
    assert queue(supervisor, type="submission").count() == (2, False)
    monkeypatch.setattr("portal.keyset.COUNT_LIMIT", 2)
    assert queue(supervisor).count() == (2, True)


def test_a_page_costs_the_same_however_long_the_queue(supervisor):
    costs = []
    for number in (1, 2):
        for _ in range(number):
            submission(1)
            self_assessment(1)
        whole = queue(supervisor)
        with CaptureQueriesContext(connection) as queries:
            items = whole.items()
            assert {item.institution.region.name for item in items} == {"上海"}
        costs.append((len(items), len(queries)))
    assert costs == [(2, 2), (6, 2)]
