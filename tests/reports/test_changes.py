"""What happened since a person last looked: theirs to mark, and of their scope only."""

from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest
import time_machine
from django.utils import timezone, translation

import reports.progress.changes as changes_module
from assessments.enums import RectificationState, SelfAssessmentState
from portal.accounts.actions import mark_changes_seen
from portal.accounts.enums import InstitutionKind, Role
from portal.working_days import is_working_day
from reports.progress.changes import What, changes, since_when
from tasks.enums import AssignmentState as S
from tasks.enums import RequestKind
from tasks.models import ChangeRequest
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, UserFactory, member, membership_of
from tests.factories.assessments import SelfAssessmentFactory
from tests.factories.rectifications import RectificationFactory
from tests.factories.tasks import AssignmentFactory, SubmissionFactory

pytestmark = pytest.mark.django_db
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def happen(institution, at):
    """One of each kind, at that time; the self-assessments have the time of now."""
    submission = SubmissionFactory(
        assignment=AssignmentFactory(institution=institution, state=S.SUBMITTED), signed_at=at
    )
    SubmissionFactory(assignment=submission.assignment, signed_at=at + HOUR)
    AssignmentFactory(institution=institution, state=S.IN_PROGRESS, withdrawn_at=at)
    assignment = AssignmentFactory(institution=institution)
    ChangeRequest.objects.create(
        assignment=assignment, kind=RequestKind.NOT_APPLICABLE, reason="x", old_deadline=assignment.deadline,
        requested_by=UserFactory(), requested_at=at,
    )  # fmt: skip
    RectificationFactory(institution=institution, state=RectificationState.UNVERIFIED, answered_at=at)
    return submission


def counts(found):
    return {what: number for what, number, _more in found.counts}


def test_each_kind_since_then_and_the_newest_first(django_assert_num_queries):
    authority = AuthorityFactory(kinds=[InstitutionKind.SECURITIES])
    user = member(authority, Role.SUPERVISOR)
    (acting,), now = user.active_memberships, timezone.now()
    firm = InstitutionFactory()
    submission = happen(firm, now - 5 * HOUR)
    happen(firm, now - 9 * DAY)
    happen(InstitutionFactory(kind=InstitutionKind.FUTURES), now - 5 * HOUR)
    SelfAssessmentFactory(institution=firm, state=SelfAssessmentState.WITHDRAWN)
    SelfAssessmentFactory(institution=firm, state=SelfAssessmentState.SUBMITTED, version=2)
    SelfAssessmentFactory(institution=firm)
    with django_assert_num_queries(2):
        found = changes(user, acting, since=now - DAY, limit=4)
    assert counts(found) == {
        What.SIGNED: 2,
        What.SIGNED_AGAIN: 2,
        What.WITHDRAWN: 2,
        What.REQUESTED: 1,
        What.RECTIFIED: 1,
    }
    assert {change.what for change in found.latest[:3]} == {What.SIGNED, What.SIGNED_AGAIN, What.WITHDRAWN}
    last = found.latest[3]
    assert (last.what, last.institution) == (What.SIGNED_AGAIN, firm.name)
    assert last.matter == f"{submission.assignment.task.number} {submission.assignment.task.title}"
    with translation.override("en"):
        english = changes(user, acting, since=now - DAY, limit=9).latest
    assert {change.institution for change in english} == {firm.name_en}
    assert len(english) == 8


def test_whatever_has_happened_stands_side_by_side():
    """PostgreSQL takes the first of several lists joined for the measure of the others: any may come first."""
    authority = AuthorityFactory(kinds=[InstitutionKind.SECURITIES])
    user = member(authority, Role.SUPERVISOR)
    (acting,), now = user.active_memberships, timezone.now()
    firm = InstitutionFactory()
    happen(firm, now - 5 * HOUR)
    SelfAssessmentFactory(institution=firm, state=SelfAssessmentState.WITHDRAWN)
    SelfAssessmentFactory(institution=firm, state=SelfAssessmentState.SUBMITTED, version=2)
    every = [
        source._replace(rows=source.rows.filter(**{f"{source.at}__gt": now - DAY}))
        for source in changes_module._sources(user, acting)
    ]
    for count in range(1, len(every) + 1):
        for sources in combinations(every, count):
            found = list(changes_module._latest(sources, 9))
            assert {change.what for change in found} == {source.what for source in sources}


def test_every_change_opens(client):
    user = member(AuthorityFactory(), Role.OBSERVER)
    client.force_login(user)
    happen(InstitutionFactory(), timezone.now() - HOUR)
    SelfAssessmentFactory(state=SelfAssessmentState.SUBMITTED)
    found = changes(user, membership_of(user), since=timezone.now() - DAY, limit=20)
    assert len(found.latest) == 6
    for change in found.latest:
        assert client.get(change.url).status_code == 200, change.what


def test_many_are_counted_no_further_than_a_list_counts(monkeypatch):
    monkeypatch.setattr("portal.keyset.COUNT_LIMIT", 2)
    user = member(AuthorityFactory(), Role.SUPERVISOR)
    for number in range(3):
        RectificationFactory(state=RectificationState.UNVERIFIED)
        if number:
            SubmissionFactory()
    found = changes(user, membership_of(user), since=timezone.now() - DAY, limit=1)
    assert found.counts == [(What.SIGNED, 2, False), (What.RECTIFIED, 2, True)]


def test_it_begins_with_the_working_day_before_and_then_with_what_was_marked():
    user = member(AuthorityFactory(), Role.SUPERVISOR)
    membership = membership_of(user)
    monday = datetime(2026, 11, 23, 1, tzinfo=UTC)
    since = timezone.localtime(since_when(membership, monday))
    assert (since.date().isoformat(), since.hour) == ("2026-11-20", 0) and is_working_day(since.date())
    with time_machine.travel(monday, tick=False):
        marked = mark_changes_seen(membership=membership, until=monday - HOUR, by=user)
        assert since_when(marked, monday) == monday - HOUR
        # An older tab, and a clock that is fast.
        assert mark_changes_seen(membership=membership, until=monday - DAY, by=user).changes_seen_at == monday - HOUR
        assert mark_changes_seen(membership=membership, until=monday + DAY, by=user).changes_seen_at == monday
    marked.refresh_from_db()
    assert since_when(marked, monday + 90 * DAY) == monday + 60 * DAY
