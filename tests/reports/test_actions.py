"""Who may ask for which report, and that asking twice is asking once."""

import datetime
import threading

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.utils import timezone

from assessments.enums import SelfAssessmentState
from portal.accounts.actions import remove_member, set_scope
from portal.accounts.enums import AUTHORITY_ROLES, INSTITUTION_ROLES, InstitutionKind, Role
from portal.audit.models import AuditEvent
from portal.gate import WrongState
from reports import actions, making, permissions
from reports.enums import ReportKind, ReportState
from reports.jobs import render_report
from reports.models import Report
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member, membership_of
from tests.factories.assessments import SelfAssessmentFactory
from tests.factories.plan import PlanFactory, TaskFactory
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
@pytest.mark.parametrize("kind", [ReportKind.SUPERVISORY, ReportKind.TASK, ReportKind.STATUS])
@pytest.mark.parametrize("role", [*INSTITUTION_ROLES, *AUTHORITY_ROLES])
def test_each_role_asks_for_its_own_kinds(role, kind, queued):
    body = InstitutionFactory() if role in INSTITUTION_ROLES else AuthorityFactory()
    task = TaskFactory()
    asked = {
        ReportKind.SUPERVISORY: {},
        ReportKind.TASK: {"task": task},
        ReportKind.STATUS: {"institution": body if role in INSTITUTION_ROLES else InstitutionFactory()},
    }[kind]
    user = member(body, role)
    above = role in (Role.SUPERVISOR, Role.LEAD_SUPERVISOR)
    if not above and (role, kind) != (Role.CIO, ReportKind.STATUS):
        with pytest.raises(PermissionDenied):
            ask(user, task.plan, kind=kind, **asked)
        return
    report = ask(user, task.plan, kind=kind, **asked)
    assert (report.kind, report.task, report.body) == (kind, asked.get("task"), body)
    assert report.institution == asked.get("institution")


@pytest.mark.django_db
def test_of_an_institution_out_of_reach_nobody_asks(queued):
    elsewhere = InstitutionFactory(kind=InstitutionKind.FUTURES)
    cio, supervisor = member(InstitutionFactory(), Role.CIO), member(AuthorityFactory(kinds=["fund"]), Role.SUPERVISOR)
    for user in (cio, supervisor):
        with pytest.raises(PermissionDenied):
            ask(user, kind=ReportKind.STATUS, institution=elsewhere)


@pytest.mark.django_db
def test_what_left_the_scope_is_not_told(queued):
    """Whoever asked may see the institution no more when the report is made, or tried again."""
    authority = AuthorityFactory()
    report = ask(member(authority, Role.SUPERVISOR), kind=ReportKind.STATUS, institution=InstitutionFactory())
    assert permissions.can_ask_for(report.requested_by, report)
    set_scope(authority=authority, kinds=["fund"], regions=[], all_regions=True, by=None)
    assert not permissions.can_ask_for(report.requested_by, report)
    making.render(report_id=report.pk)
    report.refresh_from_db()
    assert (report.state, report.error) == (ReportState.FAILED, "该机构已不在监管范围内，未生成报告。")


@pytest.mark.django_db
@pytest.mark.parametrize("role", [*INSTITUTION_ROLES, *AUTHORITY_ROLES])
@pytest.mark.parametrize("state", [SelfAssessmentState.SUBMITTED, SelfAssessmentState.DRAFT])
def test_of_what_was_signed_the_cio_and_supervisors_ask(role, state, queued):
    signed, other = (SelfAssessmentFactory(state=state) for _ in range(2))
    body = signed.institution if role in INSTITUTION_ROLES else AuthorityFactory(kinds=[signed.institution.kind])
    user = member(body, role)

    def ask_about(self_assessment):
        return actions.request_assessment_report(
            membership=membership_of(user), self_assessment=self_assessment, language="en", by=user
        )

    may = role in (Role.CIO, Role.SUPERVISOR, Role.LEAD_SUPERVISOR) and state != SelfAssessmentState.DRAFT
    if may:
        report = ask_about(signed)
        assert (report.plan, report.institution, report.body) == (signed.cycle.plan, signed.institution, body)
        assert ask_about(signed) == report
    if not may or role in INSTITUTION_ROLES:
        with pytest.raises(PermissionDenied):
            ask_about(other if may else signed)


@pytest.mark.django_db
def test_another_day_task_or_institution_is_another_report(queued):
    user, plan = member(AuthorityFactory(), Role.SUPERVISOR), PlanFactory()
    one, other = (InstitutionFactory() for _ in range(2))
    day = timezone.localdate() - datetime.timedelta(days=9)
    asked = [
        {},
        {"day": day},
        {"kind": ReportKind.STATUS, "institution": one},
        {"kind": ReportKind.STATUS, "institution": other},
        *({"kind": ReportKind.TASK, "task": TaskFactory(theme__plan=plan)} for _ in range(2)),
    ]
    assert len({ask(user, plan, **one).pk for one in asked * 2}) == len(asked)


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
