"""What befalls a report on its way: pages, cancelling, a full disk, a worker killed at nine tenths."""

import os
import signal
import threading
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.storage import default_storage
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from portal import attempts
from portal.accounts.enums import Role
from portal.attempts import DEAD_AFTER, Superseded
from portal.audit.models import AuditEvent
from portal.gate import WrongState
from reports import actions, jobs, making, removal, rendering
from reports.enums import ReportState, ReportStep
from reports.models import Report
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member
from tests.factories.reports import ReportFactory, document
from tests.workers import connection_parameters, wait_until, worker

PDF = b"%PDF-1.7 made in a test"
PAGES = "<html lang='en'><title>t</title>" + "<p style='break-after: page'>text</p>" * 3


@pytest.fixture(autouse=True)
def _nothing_is_queued(request, monkeypatch):
    if "slow" not in request.keywords:
        monkeypatch.setattr(jobs.render_report, "apply_async", lambda args: None)


def files_of(report):
    return sorted(Path(default_storage.path("reports")).glob(f"{report.pk}*"))


def cancelled(report):
    return actions.cancel_report(report=report, by=report.requested_by)


# --- Pages ------------------------------------------------------------------------------------------------


def test_each_page_is_told_as_it_is_laid_out_and_as_it_is_written():
    told = []
    rendering.to_pdf(document(PAGES), lambda page, pages: told.append((page, pages)))
    laid_out, written = [page for page, pages in told if not pages], [entry for entry in told if entry[1]]
    total = laid_out[-1]
    assert total >= 3
    assert laid_out == list(range(1, total + 1))
    assert written == [(page, total) for page in range(1, total + 1)]


@pytest.mark.parametrize("at", [(2, None), (2, 3)])
def test_what_hears_of_pages_can_end_the_work(at):
    def stop(page, pages):
        if (page, bool(pages)) == (at[0], bool(at[1])):
            raise Superseded

    with pytest.raises(Superseded):
        rendering.to_pdf(document(PAGES), stop)
    assert not rendering.LAYOUT.filters


@pytest.mark.django_db(transaction=True)
def test_the_heartbeat_says_the_page_and_finds_that_the_report_was_cancelled(monkeypatch, client):
    monkeypatch.setattr(attempts, "SECONDS", 0.05)
    report = ReportFactory()
    seen = []

    def pages_for_ever(_document, tell):
        tell(3, 8)
        wait_until(lambda: Report.objects.get(pk=report.pk).page == 3)
        client.force_login(report.requested_by)
        seen.append(client.get(reverse("reports:progress", args=[report.pk])).content.decode())
        cancelled(report)
        while True:
            tell(4, 8)

    monkeypatch.setattr(rendering, "to_pdf", pages_for_ever)
    making.render(report_id=report.pk)
    report.refresh_from_db()
    assert (report.state, report.page, report.file.name) == (ReportState.CANCELLED, 3, "")
    assert "第 3 页，共 8 页" in seen[0]
    assert reverse("reports:cancel", args=[report.pk]) in seen[0]


# --- Cancelling -------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_cancelling_is_recorded_and_can_be_taken_back(monkeypatch):
    monkeypatch.setattr(rendering, "to_pdf", lambda *_document: PDF)
    report = ReportFactory()
    cancelled(report)
    making.render(report_id=report.pk)
    report.refresh_from_db()
    assert (report.state, report.attempts) == (ReportState.CANCELLED, 0)
    assert AuditEvent.objects.get(action="report.cancel").data == {"from": "queued", "to": "cancelled"}
    actions.retry_report(report=report, by=report.requested_by)
    making.render(report_id=report.pk)
    report.refresh_from_db()
    assert (report.state, report.retries) == (ReportState.DONE, 1)
    with pytest.raises(WrongState):
        cancelled(report)


@pytest.mark.django_db
def test_only_who_may_ask_cancels(client):
    report = ReportFactory()
    contributor = member(report.institution, Role.CONTRIBUTOR)
    for stranger in (contributor, member(InstitutionFactory(), Role.CIO), member(AuthorityFactory(), Role.SUPERVISOR)):
        with pytest.raises(PermissionDenied):
            actions.cancel_report(report=report, by=stranger)
    client.force_login(contributor)
    assert "cancel-report" not in client.get(report.get_absolute_url()).content.decode()
    client.force_login(member(InstitutionFactory(), Role.CIO))
    assert client.post(reverse("reports:cancel", args=[report.pk])).status_code == 404
    client.force_login(member(report.institution, Role.CIO))
    page = client.post(reverse("reports:cancel", args=[report.pk]), follow=True).content.decode()
    assert "retry-report" in page
    assert (
        "当前状态为“已取消”" in client.post(reverse("reports:cancel", args=[report.pk]), follow=True).content.decode()
    )


@pytest.mark.django_db
@pytest.mark.parametrize("again", [False, True])
def test_the_worker_of_a_cancelled_report_stores_nothing(monkeypatch, again):
    """Nor when the report was asked for again and another worker has it, with the same number of attempts."""
    report = ReportFactory()

    def meanwhile(*_document):
        cancelled(report)
        if again:
            monkeypatch.setattr(rendering, "to_pdf", lambda *_document: PDF)
            actions.retry_report(report=report, by=report.requested_by)
            making.render(report_id=report.pk)
        return b"%PDF-1.7 of the first"

    monkeypatch.setattr(rendering, "to_pdf", meanwhile)
    making.render(report_id=report.pk)
    report.refresh_from_db()
    assert report.state == (ReportState.DONE if again else ReportState.CANCELLED)
    assert [file.read_bytes() for file in files_of(report)] == ([PDF, report.workbook.read()] if again else [])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("first", ["cancel", "finish"])
def test_of_cancelling_and_finishing_at_once_one_wins(monkeypatch, first):
    """Each in a transaction of its own; the other stands at the row until it is over."""
    report, waiting = ReportFactory(), threading.Event()
    monkeypatch.setattr(rendering, "to_pdf", lambda *_document: PDF)
    finish, outcome = making._finish, []

    def cancel():
        try:
            cancelled(report)
            outcome.append("cancelled")
        except WrongState:
            outcome.append("too late")
        finally:
            connection.close()

    thread = threading.Thread(target=cancel)

    def finish_meanwhile(*arguments):
        if first == "cancel":
            thread.start()
            thread.join()
        return finish(*arguments)

    def notify_late(*_arguments):  # the row is locked and done, and the transaction still open
        if first == "finish":
            thread.start()
            waiting.wait(0.3)
            assert not outcome

    monkeypatch.setattr(making, "_finish", finish_meanwhile)
    monkeypatch.setattr(making, "_tell_reader", notify_late)
    making.render(report_id=report.pk)
    thread.join()
    report.refresh_from_db()
    if first == "cancel":
        assert (outcome, report.state, files_of(report)) == (["cancelled"], ReportState.CANCELLED, [])
    else:
        assert (outcome, report.state) == (["too late"], ReportState.DONE)
        assert report.file.read() == PDF


# --- Disks and dead workers -------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_full_disk_leaves_no_half_a_file_and_is_said(monkeypatch, client, caplog):
    """The storage writes a piece and finds no more room, as a full disk does."""
    report = ReportFactory()
    monkeypatch.setattr(rendering, "to_pdf", lambda *_document: PDF)

    def pieces(_file, chunk_size=None):
        yield PDF[:5]
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(making.ContentFile, "chunks", pieces)
    for attempt in (1, 2, 3):
        making.render(report_id=report.pk)
        report.refresh_from_db()
        assert report.state == (ReportState.FAILED if attempt == 3 else ReportState.QUEUED)
        assert (report.attempts, report.file.name, files_of(report)) == (attempt, "", [])
    client.force_login(report.requested_by)
    assert "存储空间不足" in client.get(report.get_absolute_url()).content.decode()


@pytest.mark.django_db
def test_a_night_removes_files_that_no_report_names():
    kept, left_behind = ReportFactory(state=ReportState.DONE), ReportFactory()
    stray = default_storage.path(f"reports/{left_behind.pk}-0-1.pdf")
    foreign = default_storage.path("reports/readme.txt")
    for path in (stray, foreign):
        Path(path).write_bytes(b"half")
    assert removal.remove_strays() == 0
    assert removal.remove_strays(now=timezone.now() + timedelta(days=2)) >= 1
    assert not Path(stray).exists()
    assert Path(foreign).exists() and Path(kept.file.path).exists()
    Path(foreign).unlink()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_between_the_file_and_its_row_leaves_nothing_half_done():
    report = ReportFactory()
    with worker("reports") as first, psycopg.connect(**connection_parameters()) as gate:
        # Whoever tells the reader waits here: the file is stored, and the row doesn't say so yet.
        gate.execute("LOCK TABLE notices_notice IN ACCESS EXCLUSIVE MODE")
        jobs.render_report.delay(str(report.pk))
        wait_until(lambda: len(files_of(report)) == 2)
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
    report.refresh_from_db()
    assert (report.state, report.step, report.file.name) == (ReportState.RENDERING, ReportStep.STORED, "")
    Report.objects.filter(pk=report.pk).update(heartbeat_at=timezone.now() - DEAD_AFTER - timedelta(seconds=1))
    making.render(report_id=report.pk)
    report.refresh_from_db()
    assert (report.state, report.attempts) == (ReportState.DONE, 2)
    assert len(report.file.read()) == report.size
    removal.remove_strays(now=timezone.now() + timedelta(days=2))
    assert files_of(report) == [Path(report.file.path), Path(report.workbook.path)]
