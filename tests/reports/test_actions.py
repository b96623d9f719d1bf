"""Who may ask for which report, and that asking twice is asking once."""

import threading

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection

from portal.accounts.actions import remove_member
from portal.accounts.enums import AUTHORITY_ROLES, INSTITUTION_ROLES, Role
from portal.audit.models import AuditEvent
from portal.gate import WrongState
from reports import actions
from reports.enums import ReportKind, ReportState
from reports.jobs import render_report
from reports.models import Report
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member, membership_of
from tests.factories.plan import PlanFactory
from tests.factories.reports import ReportFactory


@pytest.fixture
def queued(monkeypatch):
    sent = []
    monkeypatch.setattr(render_report, "apply_async", lambda args: sent.append(args))
    return sent


def ask(user, plan=None, language="zh-hans", membership=None, **asked):
    membership = membership or membership_of(user)
    kind = ReportKind.SUPERVISORY if membership.is_supervising else ReportKind.STATUS
    wanted = {"kind": kind, "plan": plan or PlanFactory(), "language": language, **asked}
    return actions.request_report(membership=membership, by=user, **wanted)


@pytest.mark.django_db
@pytest.mark.parametrize("role", INSTITUTION_ROLES)
def test_of_an_institution_only_the_cio_asks(role, queued):
    user = member(InstitutionFactory(), role)
    if role != Role.CIO:
        with pytest.raises(PermissionDenied):
            ask(user)
        return
    report = ask(user)
    assert (report.kind, report.institution, report.authority) == (
        ReportKind.STATUS,
        membership_of(user).institution,
        None,
    )


@pytest.mark.django_db
@pytest.mark.parametrize("role", AUTHORITY_ROLES)
def test_of_an_authority_all_but_observers_ask(role, queued):
    user = member(AuthorityFactory(), role)
    if role == Role.OBSERVER:
        with pytest.raises(PermissionDenied):
            ask(user)
        return
    assert ask(user).kind == ReportKind.SUPERVISORY


@pytest.mark.django_db
def test_nobody_asks_in_the_name_of_another(queued):
    stranger, other = (member(InstitutionFactory(), Role.CIO) for _ in range(2))
    with pytest.raises(PermissionDenied):
        ask(stranger, membership=membership_of(other))
    assert not Report.objects.exists()


@pytest.mark.django_db
def test_who_left_asks_no_more(queued):
    institution = InstitutionFactory()
    liaison, cio = member(institution, Role.LIAISON), member(institution, Role.CIO)
    membership = membership_of(cio)
    remove_member(membership=membership, by=liaison)
    with pytest.raises(PermissionDenied):
        ask(cio, membership=membership)


@pytest.mark.django_db
def test_asking_is_recorded_and_queued_on_commit(queued, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        report = ask(member(InstitutionFactory(), Role.CIO))
        assert queued == []
    assert queued == [(str(report.pk),)]
    event = AuditEvent.objects.get(action="report.requested")
    assert (event.target_id, event.institution_id) == (str(report.pk), report.institution_id)


@pytest.mark.django_db
def test_the_same_again_is_the_one_that_waits(queued):
    user, plan = member(InstitutionFactory(), Role.CIO), PlanFactory()
    first = ask(user, plan)
    assert ask(user, plan) == first
    assert ask(user, plan, language="en") != first
    assert ask(user) != first
    assert ask(member(first.institution, Role.CIO), plan) != first
    Report.objects.filter(pk=first.pk).update(state=ReportState.FAILED)
    assert ask(user, plan) != first


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_the_same_moment_ask_once(queued):
    user, plan = member(InstitutionFactory(), Role.CIO), PlanFactory()
    membership, start = membership_of(user), threading.Barrier(4)

    def click():
        start.wait()
        ask(user, plan, membership=membership)
        connection.close()

    clicks = [threading.Thread(target=click) for _ in range(4)]
    for thread in clicks:
        thread.start()
    for thread in clicks:
        thread.join()
    assert Report.objects.count() == 1
    assert len(queued) == 1


@pytest.mark.django_db
def test_a_failed_report_is_retried_with_all_its_attempts(queued, django_capture_on_commit_callbacks):
    report = ReportFactory(state=ReportState.FAILED, attempts=3, error="OSError")
    with django_capture_on_commit_callbacks(execute=True):
        retried = actions.retry_report(report=report, by=report.requested_by)
    assert (retried.state, retried.attempts, retried.error, retried.finished_at) == (ReportState.QUEUED, 0, "", None)
    assert queued == [(str(report.pk),)]
    with pytest.raises(WrongState):
        actions.retry_report(report=report, by=report.requested_by)


@pytest.mark.django_db
def test_only_who_may_ask_retries(queued):
    report = ReportFactory(state=ReportState.FAILED)
    for stranger in (member(report.institution, Role.CONTRIBUTOR), member(InstitutionFactory(), Role.CIO)):
        with pytest.raises(PermissionDenied):
            actions.retry_report(report=report, by=stranger)
