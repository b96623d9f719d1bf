"""A report is made once, by one worker, and survives those that die."""

import io
import os
import signal
import zipfile
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from portal.attempts import DEAD_AFTER
from portal.audit.canonical import digests
from portal.audit.models import AuditEvent
from portal.notices.enums import NoticeKind
from portal.notices.models import Notice
from reports import jobs, making, rendering
from reports.enums import ReportState, ReportStep
from reports.models import Report
from reports.verification.codes import clean_code
from tests.factories.accounts import AuthorityFactory, InstitutionFactory
from tests.factories.reports import ReportFactory, small_industry
from tests.workers import connection_parameters, wait_until, worker

PDF = b"%PDF-1.7 made in a test"


@pytest.fixture
def quick(monkeypatch):
    """Set nothing into pages: what is tested here is the way there."""
    monkeypatch.setattr(rendering, "to_pdf", lambda *_document: PDF)


@pytest.fixture
def queued(monkeypatch):
    sent = []
    monkeypatch.setattr(jobs.render_report, "apply_async", lambda args: sent.append(args[0]))
    return sent


def files_of(report):
    return list(Path(default_storage.path("reports")).glob(f"{report.pk}*"))


def long_ago():
    return timezone.now() - DEAD_AFTER - timedelta(seconds=1)


@pytest.mark.django_db
def test_a_report_is_made_stored_digested_recorded_and_told(quick):
    report = ReportFactory(institution=InstitutionFactory(name="示例\ue000公司"))
    making.render(report_id=report.pk)
    report.refresh_from_db()
    assert report.missing_characters == "\ue000"
    assert (report.state, report.step, report.attempts) == (ReportState.DONE, ReportStep.STORED, 1)
    assert report.file.read() == PDF
    assert (report.size, report.sha256, report.sm3) == (len(PDF), *digests(PDF))
    assert clean_code(report.code) == report.code
    workbook = report.workbook.read()
    assert zipfile.is_zipfile(io.BytesIO(workbook))
    found = report.workbook_size, report.workbook_sha256, report.workbook_sm3
    assert found == (len(workbook), *digests(workbook))
    assert report.requested_at < report.as_at < report.finished_at
    event = AuditEvent.objects.get(action="report.finish")
    assert event.data["sha256"] == report.sha256
    notice = Notice.objects.get(kind=NoticeKind.REPORT_READY)
    assert (notice.recipient, notice.path) == (report.requested_by, report.get_absolute_url())
    assert notice.data == {"title": "任务落实情况报告", "title_en": notice.data["title_en"]}


@pytest.mark.django_db
def test_a_report_that_is_over_is_left_alone(quick):
    for state in (ReportState.DONE, ReportState.FAILED, ReportState.CANCELLED):
        report = ReportFactory(state=state)
        before = Report.objects.values().get(pk=report.pk)
        making.render(report_id=report.pk)
        assert Report.objects.values().get(pk=report.pk) == before


@pytest.mark.django_db
def test_a_report_that_is_gone_is_no_error(quick):
    report = ReportFactory()
    pk = report.pk
    report.delete()
    making.render(report_id=pk)


@pytest.mark.django_db
def test_a_report_in_living_hands_is_left_to_them(quick):
    report = ReportFactory(state=ReportState.RENDERING, attempts=1)
    making.render(report_id=report.pk)
    report.refresh_from_db()
    assert (report.state, report.attempts) == (ReportState.RENDERING, 1)


@pytest.mark.django_db
def test_a_report_of_a_dead_worker_is_taken_up(quick):
    report = ReportFactory(state=ReportState.RENDERING, attempts=1, heartbeat_at=long_ago())
    making.render(report_id=report.pk)
    report.refresh_from_db()
    assert (report.state, report.attempts) == (ReportState.DONE, 2)


@pytest.mark.django_db
def test_a_report_that_kills_every_worker_fails(quick):
    report = ReportFactory(state=ReportState.RENDERING, attempts=3, heartbeat_at=long_ago())
    making.render(report_id=report.pk)
    report.refresh_from_db()
    assert report.state == ReportState.FAILED
    assert report.error
    assert not report.file


@pytest.mark.django_db
def test_an_error_is_recorded_and_tried_three_times(monkeypatch, caplog):
    def full(*_document):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(rendering, "to_pdf", full)
    report = ReportFactory()
    states = []
    for _ in range(4):
        making.render(report_id=report.pk)
        report.refresh_from_db()
        states.append((report.state, report.attempts))
    assert states == [("queued", 1), ("queued", 2), ("failed", 3), ("failed", 3)]
    assert "No space left" in report.error
    assert report.step == ReportStep.LAYOUT
    assert not Notice.objects.exists()


@pytest.mark.django_db
def test_who_lost_the_role_gets_no_report(quick, caplog):
    report = ReportFactory()
    report.requested_by.memberships.update(is_active=False)
    making.render(report_id=report.pk)
    report.refresh_from_db()
    assert report.state == ReportState.QUEUED
    assert "PermissionDenied" in report.error


@pytest.mark.django_db
@pytest.mark.parametrize("moment", ["layout", "storing"])
def test_a_worker_taken_for_dead_changes_nothing_when_it_comes_back(monkeypatch, moment):
    report = ReportFactory()

    def meanwhile(answer):
        Report.objects.filter(pk=report.pk).update(attempts=2, heartbeat_at=timezone.now())
        return answer

    monkeypatch.setattr(rendering, "to_pdf", lambda *_document: meanwhile(PDF) if moment == "layout" else PDF)
    monkeypatch.setattr(making, "digests", lambda pdf: meanwhile(digests(pdf)))
    making.render(report_id=report.pk)
    report.refresh_from_db()
    assert (report.state, report.attempts, report.file.name) == (ReportState.RENDERING, 2, "")
    assert not files_of(report)


@pytest.mark.django_db
def test_what_lies_about_is_queued_again(queued, django_capture_on_commit_callbacks):
    lost = ReportFactory(requested_at=long_ago())
    put_back = ReportFactory(requested_at=long_ago(), heartbeat_at=long_ago(), attempts=1)
    dead = ReportFactory(state=ReportState.RENDERING, attempts=1, heartbeat_at=long_ago())
    ReportFactory()
    ReportFactory(requested_at=long_ago(), heartbeat_at=timezone.now(), attempts=1)
    ReportFactory(state=ReportState.RENDERING, attempts=1, requested_at=long_ago())
    ReportFactory(state=ReportState.DONE, requested_at=long_ago())
    ReportFactory(state=ReportState.FAILED, requested_at=long_ago())
    with django_capture_on_commit_callbacks(execute=True):
        jobs.resume_reports()
    assert set(queued) == {str(report.pk) for report in (lost, put_back, dead)}


@pytest.mark.django_db(transaction=True)
def test_of_two_workers_one_takes_the_report(quick):
    report = ReportFactory()
    with psycopg.connect(**connection_parameters()) as other:
        other.execute("SELECT 1 FROM reports_report WHERE id = %s FOR UPDATE", [report.pk])
        making.render(report_id=report.pk)
        report.refresh_from_db()
        assert (report.state, report.attempts) == (ReportState.QUEUED, 0)
    making.render(report_id=report.pk)
    report.refresh_from_db()
    assert (report.state, report.attempts) == (ReportState.DONE, 1)


@pytest.mark.django_db(transaction=True)
def test_the_heartbeat_beats_while_the_body_runs(monkeypatch):
    from portal import attempts

    monkeypatch.setattr(attempts, "SECONDS", 0.05)
    report = ReportFactory(state=ReportState.RENDERING, attempts=1, heartbeat_at=long_ago())
    before = report.heartbeat_at
    with attempts.beating(report):
        wait_until(lambda: Report.objects.get(pk=report.pk).heartbeat_at > before)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_while_rendering_leaves_the_report_to_the_next():
    plan, _institutions = small_industry()
    report = ReportFactory(plan=plan, authority=AuthorityFactory())
    with worker("reports") as first:
        with psycopg.connect(**connection_parameters()) as gate:
            # Whoever counts assignments waits here: the worker stands still in the middle of its work.
            gate.execute("LOCK TABLE tasks_assignment IN ACCESS EXCLUSIVE MODE")
            jobs.render_report.delay(str(report.pk))
            wait_until(lambda: Report.objects.get(pk=report.pk).step == ReportStep.FIGURES)
            os.killpg(first.pid, signal.SIGKILL)
            first.wait()
        report.refresh_from_db()
        assert (report.state, report.attempts) == (ReportState.RENDERING, 1)

    jobs.resume_reports()  # too early: nobody knows yet that the worker is dead
    Report.objects.filter(pk=report.pk).update(heartbeat_at=long_ago())
    with worker("reports"):
        jobs.resume_reports()
        wait_until(lambda: Report.objects.get(pk=report.pk).is_over)
    report.refresh_from_db()
    assert (report.state, report.attempts) == (ReportState.DONE, 2)
    assert report.file.read().startswith(b"%PDF-")
    assert Notice.objects.filter(kind=NoticeKind.REPORT_READY).count() == 1
