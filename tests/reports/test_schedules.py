"""Reports that are made by themselves: which periods, once each, and only while the person may have them."""

import datetime
from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from portal.accounts.enums import AUTHORITY_ROLES, INSTITUTION_ROLES, Role
from portal.audit.models import AuditEvent
from portal.celery import app
from portal.notices.enums import NoticeKind
from portal.notices.models import Notice
from reports.enums import ReportKind, ReportState
from reports.models import Report, ReportSchedule
from reports.schedules import actions, jobs
from reports.schedules.enums import Frequency
from reports.schedules.periods import DAY, MONTHS, end_of, last_ended
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member, membership_of
from tests.factories.plan import PlanFactory

DAYS = st.dates(datetime.date(1990, 1, 1), datetime.date(2200, 12, 31))
PAGE = "/reports/schedules/"


def shanghai(year, month, day, hour=12, minute=0):
    return datetime.datetime(year, month, day, hour, minute, tzinfo=timezone.get_default_timezone())


def scheduled(body=None, frequency=Frequency.MONTHLY, role=Role.CIO):
    user = member(body or InstitutionFactory(), role)
    return actions.add_schedule(
        membership=membership_of(user), plan=PlanFactory(), frequency=frequency, language="en", by=user
    )


# --- Periods ----------------------------------------------------------------------------------------------


@given(st.sampled_from(Frequency), DAYS)
def test_periods_are_whole_months_one_after_another(frequency, day):
    before, end = last_ended(frequency, day), end_of(frequency, day)
    assert before < day <= end
    assert (before + DAY).day == (end + DAY).day == 1
    assert (end + DAY).month % MONTHS[frequency] == 1 % MONTHS[frequency]
    months = (end.year - before.year) * 12 + end.month - before.month
    assert months == MONTHS[frequency]
    assert last_ended(frequency, end + DAY) == end == last_ended(frequency, end_of(frequency, end + DAY))
    assert end_of(frequency, before) == before


@pytest.mark.parametrize(
    ("frequency", "day", "last", "end"),
    [
        (Frequency.MONTHLY, (2028, 3, 1), (2028, 2, 29), (2028, 3, 31)),
        (Frequency.MONTHLY, (2026, 12, 31), (2026, 11, 30), (2026, 12, 31)),
        (Frequency.QUARTERLY, (2027, 1, 1), (2026, 12, 31), (2027, 3, 31)),
        (Frequency.QUARTERLY, (2026, 9, 30), (2026, 6, 30), (2026, 9, 30)),
    ],
)
def test_periods_that_are_easily_got_wrong(frequency, day, last, end):
    day = datetime.date(*day)
    assert (last_ended(frequency, day), end_of(frequency, day)) == (datetime.date(*last), datetime.date(*end))


# --- What is asked for ------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_first_report_is_of_the_period_that_runs():
    with time_machine.travel(shanghai(2026, 11, 27)):
        monthly, quarterly = scheduled(), scheduled(AuthorityFactory(), Frequency.QUARTERLY, Role.SUPERVISOR)
        jobs.request_due_reports()
    assert (monthly.next_day, quarterly.next_day) == (datetime.date(2026, 12, 1), datetime.date(2027, 1, 1))
    assert not Report.objects.exists()
    with time_machine.travel(shanghai(2026, 12, 1, 0, 1)):  # in Shanghai; elsewhere it is November yet
        jobs.request_due_reports()
    report = Report.objects.get()
    assert (report.schedule, report.day, report.kind) == (monthly, datetime.date(2026, 11, 30), ReportKind.STATUS)
    assert (report.requested_by, report.institution, report.plan, report.language, report.state) == (
        monthly.person,
        monthly.institution,
        monthly.plan,
        "en",
        ReportState.QUEUED,
    )
    with time_machine.travel(shanghai(2027, 1, 1, 5)):
        jobs.request_due_reports()
    assert set(Report.objects.values_list("kind", "day")) == {
        ("status", datetime.date(2026, 11, 30)),
        ("status", datetime.date(2026, 12, 31)),
        ("supervisory", datetime.date(2026, 12, 31)),
    }


@pytest.mark.django_db
def test_after_a_long_silence_one_report_is_made_of_the_last_period():
    with time_machine.travel(shanghai(2026, 1, 10)):
        schedule = scheduled()
    with time_machine.travel(shanghai(2026, 8, 3)):
        jobs.request_due_reports()
        jobs.request_due_reports()
    assert [report.day for report in Report.objects.all()] == [datetime.date(2026, 7, 31)]
    schedule.refresh_from_db()
    assert schedule.next_day == datetime.date(2026, 9, 1)


@pytest.mark.django_db(transaction=True)
def test_of_two_beats_at_once_one_asks():
    with time_machine.travel(shanghai(2026, 1, 10)):
        schedule = scheduled()

    def beat(_number):
        try:
            actions.request_due(today=datetime.date(2026, 2, 1))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as beats:
        list(beats.map(beat, range(8)))
    report = Report.objects.get()
    again = {field: getattr(report, field) for field in ("kind", "plan", "institution", "requested_by")}
    with pytest.raises(IntegrityError), transaction.atomic():
        Report.objects.create(**again, schedule=schedule, day=report.day)


@pytest.mark.django_db
@pytest.mark.parametrize("lost", ["role", "membership", "account"])
def test_whoever_lost_the_role_is_told_and_gets_no_more(lost):
    with time_machine.travel(shanghai(2026, 1, 10)):
        schedule, other = scheduled(), scheduled()
    person = schedule.person
    if lost == "role":
        person.memberships.update(role=Role.CONTRIBUTOR)
    elif lost == "membership":
        person.memberships.update(is_active=False)
    else:
        type(person).objects.filter(pk=person.pk).update(is_active=False)
    for _again in range(2):
        actions.request_due(today=datetime.date(2026, 2, 1))
    schedule.refresh_from_db()
    assert schedule.ended_at
    assert Report.objects.get().schedule == other
    notices = Notice.objects.filter(kind=NoticeKind.REPORT_SCHEDULE_ENDED)
    assert [notice.recipient for notice in notices] == [person]
    assert AuditEvent.objects.filter(action="report_schedule.ended").count() == 1


@pytest.mark.django_db
def test_one_that_fails_stops_no_other(monkeypatch, caplog):
    with time_machine.travel(shanghai(2026, 1, 10)):
        first, second = scheduled(), scheduled()
    ask = actions.request_report

    def fail_once(**wanted):
        if wanted["schedule"] == first:
            raise OSError("no space left")
        return ask(**wanted)

    monkeypatch.setattr(actions, "request_report", fail_once)
    actions.request_due(today=datetime.date(2026, 2, 1))
    assert Report.objects.get().schedule == second
    first.refresh_from_db()
    assert first.made_until == datetime.date(2025, 12, 31)


def test_the_beat_knows_the_job():
    app.loader.import_default_modules()
    planned = app.conf.beat_schedule["request-due-reports"]["task"]
    assert planned == jobs.request_due_reports.name and planned in app.tasks


# --- The page ---------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("role", [*INSTITUTION_ROLES, *AUTHORITY_ROLES])
def test_who_may_have_reports_made(client, role):
    client.force_login(member(InstitutionFactory() if role in INSTITUTION_ROLES else AuthorityFactory(), role))
    may = role in (Role.CIO, Role.SUPERVISOR, Role.LEAD_SUPERVISOR)
    answer = {"plan": PlanFactory().slug, "frequency": "quarterly", "language": "zh-hans"}
    assert client.get(PAGE).status_code == (200 if may else 403)
    assert (PAGE in client.get(reverse("reports:list")).content.decode()) == may
    for _twice in range(2):
        assert client.post(PAGE, answer).status_code == (302 if may else 403)
    assert ReportSchedule.objects.count() == AuditEvent.objects.filter(action="report_schedule.added").count() == may


@pytest.mark.django_db
def test_what_was_typed_wrong_is_said_and_nothing_is_set_up(client):
    client.force_login(member(InstitutionFactory(), Role.CIO))
    response = client.post(PAGE, {"plan": "none", "frequency": "daily", "language": "fr"})
    assert response.status_code == 422
    assert set(response.context["form"].errors) == {"plan", "frequency", "language"}
    assert not ReportSchedule.objects.exists()


@pytest.mark.django_db
def test_ones_own_are_shown_and_stopped_and_others_are_not_there(client):
    institution = InstitutionFactory()
    with time_machine.travel(shanghai(2026, 1, 10)):
        own, colleagues, elsewhere = scheduled(institution), scheduled(institution), scheduled()
    actions.request_due(today=datetime.date(2026, 2, 1))
    client.force_login(own.person)
    page = client.get(PAGE)
    assert list(page.context["schedules"]) == [own]
    assert "2026-03-01" in page.content.decode()
    assert own.reports.get().get_absolute_url() in page.content.decode()
    for other in (colleagues, elsewhere):
        assert client.post(reverse("reports:schedule_stop", args=[other.pk])).status_code == 404
    stop = reverse("reports:schedule_stop", args=[own.pk])
    assert client.get(stop).status_code == 405
    assert client.post(stop).status_code == 302
    assert client.post(stop).status_code == 404
    assert set(ReportSchedule.objects.running()) == {colleagues, elsewhere}
    assert "还没有定期报告" in client.get(PAGE).content.decode()


@pytest.mark.django_db
def test_the_page_costs_the_same_for_many(client):
    own = scheduled()
    client.force_login(own.person)
    client.get(PAGE)
    counts = []
    for more in (0, 2):
        for _ in range(more):
            membership = membership_of(own.person)
            actions.add_schedule(
                membership=membership, plan=PlanFactory(), frequency="monthly", language="en", by=own.person
            )
        with CaptureQueriesContext(connection) as queries:
            assert len(client.get(PAGE).context["schedules"]) == more + 1
        counts.append(len(queries))
    assert counts[0] == counts[1]
