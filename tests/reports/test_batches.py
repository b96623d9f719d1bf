"""A batch: its members are made one by one, what fails stops nothing, and it is packed once, true to the last byte."""

import io
import json
import os
import signal
import threading
import zipfile
from datetime import timedelta

import openpyxl
import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.accounts.enums import InstitutionKind, Role
from portal.accounts.models import InstitutionGroupObjectPermission
from portal.attempts import DEAD_AFTER
from portal.audit.canonical import canonical_json, digests
from portal.audit.models import AuditEvent
from portal.gate import WrongState
from portal.notices.models import Notice
from reports import actions, jobs, making, removal, rendering
from reports.batches.actions import EmptyScope, request_batch
from reports.batches.driving import AHEAD, next_up
from reports.enums import ReportKind, ReportState
from reports.models import Report
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member, membership_of
from tests.factories.plan import PlanFactory
from tests.factories.reports import ReportFactory, small_industry
from tests.factories.tasks import AssignmentFactory
from tests.workers import wait_until, worker

PDF = b"%PDF-1.7 made in a test"
QUEUED, DONE, FAILED, CANCELLED = ReportState.QUEUED, ReportState.DONE, ReportState.FAILED, ReportState.CANCELLED
COLLECTING = ReportState.COLLECTING


@pytest.fixture
def queued(request, monkeypatch):
    """What would go to the workers, and pages set by nobody."""
    sent = []
    monkeypatch.setattr(jobs.render_report, "apply_async", lambda args: sent.append(args[0]))
    monkeypatch.setattr(jobs.drive_batch, "apply_async", lambda args: None)
    monkeypatch.setattr(rendering, "to_pdf", lambda *_document: PDF)
    return sent


@pytest.fixture
def supervisor():
    return member(AuthorityFactory(), Role.SUPERVISOR)


def ask(user, plan, language="zh-hans", **narrowed):
    return request_batch(membership=membership_of(user), plan=plan, language=language, by=user, **narrowed)


def work_off(batch):
    """What workers would do, one after the other, until nothing of the batch is left to do."""
    while turn := next_up(batch_id=batch.pk):
        for pk in turn:
            making.render(report_id=pk)
    batch.refresh_from_db()


def out_of_scope(report):
    """The authority supervises the report's institution no longer."""
    grants = InstitutionGroupObjectPermission.objects.filter(content_object=report.institution)
    grants.filter(group=report.authority.group).delete()


@pytest.mark.django_db
def test_a_batch_has_a_report_on_each_institution_with_tasks(queued, supervisor):
    plan, institutions = small_industry()
    InstitutionFactory(name="没有任务")
    batch = ask(supervisor, plan)
    members = list(batch.members.order_by("institution__name"))
    assert [report.institution for report in members] == institutions
    assert {report.state for report in members} == {QUEUED}
    assert (batch.state, batch.rows_total, members[0].authority, members[0].kind) == (
        COLLECTING,
        6,
        membership_of(supervisor).authority,
        ReportKind.STATUS,
    )
    assert AuditEvent.objects.get(action="report.requested").data["members"] == 6
    futures = ask(supervisor, plan, kind=InstitutionKind.FUTURES, region=institutions[1].region)
    assert {report.institution.kind for report in futures.members.all()} == {InstitutionKind.FUTURES}
    with pytest.raises(EmptyScope):
        ask(supervisor, PlanFactory())


@pytest.mark.django_db
def test_who_asks_and_who_is_led_to_the_one_that_is_being_made(client, queued, supervisor):
    plan, _institutions = small_industry()
    authority = membership_of(supervisor).authority
    batch = ask(supervisor, plan)
    assert ask(supervisor, plan) == batch
    assert ask(supervisor, plan, language="en") != batch
    for stranger in (member(authority, Role.OBSERVER), member(InstitutionFactory(), Role.CIO)):
        with pytest.raises(PermissionDenied):
            ask(stranger, plan)
        client.force_login(stranger)
        assert client.get(reverse("reports:batch")).status_code == 403
    client.force_login(member(authority, Role.LEAD_SUPERVISOR))
    form = {"plan": plan.slug, "language": "zh-hans"}
    page = client.post(reverse("reports:batch"), form, follow=True)
    assert page.context["report"] == batch
    assert f"{supervisor.name}已申请同样的合集" in page.content.decode()
    refused = client.post(reverse("reports:batch"), {**form, "plan": PlanFactory().slug})
    assert refused.status_code == 422
    assert "没有在此计划下承担任务的机构" in refused.content.decode()


@pytest.mark.django_db(transaction=True)
def test_two_people_asking_at_the_same_moment_ask_for_one(queued, supervisor):
    plan, _institutions = small_industry()
    other = member(membership_of(supervisor).authority, Role.SUPERVISOR)
    start = threading.Barrier(2)

    def click(user):
        start.wait()
        ask(user, plan)
        connection.close()

    clicks = [threading.Thread(target=click, args=[user]) for user in (supervisor, other)]
    for thread in clicks:
        thread.start()
    for thread in clicks:
        thread.join()
    assert Report.objects.filter(kind=ReportKind.BATCH).count() == 1
    assert Report.objects.exclude(batch=None).count() == 6


@pytest.mark.django_db
def test_few_members_are_on_their_way_at_a_time(queued, supervisor):
    plan = PlanFactory()
    task = AssignmentFactory(task__theme__plan=plan).task
    for _number in range(AHEAD + 3):
        AssignmentFactory(task=task)
    batch = ask(supervisor, plan)
    turn = next_up(batch_id=batch.pk)
    assert len(turn) == AHEAD
    assert next_up(batch_id=batch.pk) == []
    making.render(report_id=turn[0])
    assert len(next_up(batch_id=batch.pk)) == 1
    # Of those on their way, one whose message was lost is queued again; those whose turn has not come are not.
    Report.objects.filter(pk=turn[1]).update(heartbeat_at=timezone.now() - DEAD_AFTER - timedelta(seconds=1))
    Report.objects.update(requested_at=timezone.now() - timedelta(days=1))
    assert [report.pk for report in Report.objects.left_lying(timezone.now())] == [turn[1]]


@pytest.mark.django_db(transaction=True)
def test_of_two_workers_that_end_the_last_two_members_one_packs(queued, supervisor):
    """Both look only when both members are over, and at the same moment."""
    plan, _institutions = small_industry()
    batch = ask(supervisor, plan)
    batch.members.exclude(pk__in=(last := list(batch.members.values_list("pk", flat=True)[:2]))).update(state=FAILED)
    start, found = threading.Barrier(2), []

    def end(pk):
        making.render(report_id=pk)
        start.wait()
        found.extend(next_up(batch_id=batch.pk))
        connection.close()

    workers = [threading.Thread(target=end, args=[pk]) for pk in last]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join()
    assert found == [batch.pk]


def unzipped(batch):
    with zipfile.ZipFile(io.BytesIO(batch.file.read())) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def holds_true(batch, files):
    """The manifest names every member, and what it says of each is so."""
    manifest = json.loads(files["manifest.json"])
    assert files["manifest.json"] == canonical_json(manifest)
    entries = {entry["report"]: entry for entry in manifest["reports"]}
    members = list(batch.members.select_related("institution"))
    assert set(entries) == {member.number for member in members}
    for member_ in members:
        entry = entries[member_.number]
        assert entry["credit_code"] == member_.institution.credit_code
        if entry["path"]:
            content = files[entry["path"]]
            assert content == member_.file.read()
            assert (entry["sha256"], entry["sm3"]) == digests(content) == (member_.sha256, member_.sm3)
            assert (entry["size"], entry["code"]) == (len(content), member_.shown_code)
        else:
            assert entry["reason"]
    paths = {entry["path"] for entry in entries.values()} - {None}
    assert set(files) == paths | {"manifest.json", "manifest.xlsx", "SHA256SUMS", "SM3SUMS"}
    sheet = openpyxl.load_workbook(io.BytesIO(files["manifest.xlsx"]))["报告清单"]
    assert sheet.max_row == len(entries) + 1
    return entries


@pytest.mark.django_db
def test_what_fails_stops_nothing_and_can_be_made_after_all(
    client, queued, supervisor, django_capture_on_commit_callbacks
):
    plan, institutions = small_industry()
    institutions[0].name = "“甲”/证券\\有限公司" + "长" * 150
    institutions[0].save()
    batch = ask(supervisor, plan)
    failing, lost, gone = batch.members.order_by("pk")[:3]
    Report.objects.filter(pk=failing.pk).update(state=FAILED, refusal="数据不一致")
    authority = batch.authority
    Report.objects.filter(pk=gone.pk).update(state=CANCELLED)
    making.render(report_id=lost.pk)
    lost.refresh_from_db()
    lost.file.storage.delete(lost.file.name)
    work_off(batch)
    assert (batch.state, batch.sha256) == (DONE, digests(batch.file.read())[0])
    batch.refresh_from_db()
    files = unzipped(batch)
    entries = {entry["report"]: entry["reason"] for entry in json.loads(files["manifest.json"])["reports"]}
    assert entries[failing.number] == "数据不一致"
    assert entries[lost.number] == "存储中缺失"
    assert entries[gone.number] == "已取消"
    notice = Notice.objects.get()
    assert notice.data["title"] == "报告合集（共 6 份，其中 2 份未生成）"

    client.force_login(member(authority, Role.SUPERVISOR))
    page = client.get(batch.get_absolute_url()).content.decode()
    assert "数据不一致" in page and "重新生成未完成的报告" in page
    listed = client.get(reverse("reports:list")).context["page"]
    assert list(listed) == [batch]
    old = batch.file.name
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("reports:retry", args=[failing.pk]))
    batch.refresh_from_db()
    assert (batch.state, batch.file.name, batch.file.storage.exists(old)) == (COLLECTING, "", False)
    assert queued == [str(failing.pk)]
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("reports:retry", args=[batch.pk]))
    Report.objects.filter(pk=lost.pk).update(state=FAILED)
    actions.retry_report(report=lost, by=supervisor)
    for pk in (failing.pk, lost.pk):
        making.render(report_id=pk)
    work_off(batch)
    batch.refresh_from_db()
    assert not [entry for entry in holds_true(batch, unzipped(batch)).values() if entry["reason"]]
    assert batch.retries == 1


@pytest.mark.django_db
def test_an_institution_that_left_the_scope_fails_for_that_reason(client, queued, supervisor):
    plan, institutions = small_industry()
    batch = ask(supervisor, plan)
    left = batch.members.get(institution=institutions[0])
    out_of_scope(left)
    work_off(batch)
    left.refresh_from_db()
    assert (left.state, left.attempts) == (FAILED, 1)
    entries = holds_true(batch, unzipped(batch))
    assert entries[left.number]["reason"] == "该机构已不在监管范围内，未生成报告。"
    client.force_login(supervisor)
    page = client.get(batch.get_absolute_url()).content.decode()
    assert left.institution.name in page
    assert reverse("reports:retry", args=[left.pk]) not in page
    assert client.post(reverse("reports:retry", args=[left.pk])).status_code == 404


@pytest.mark.django_db
def test_a_cancelled_batch_takes_along_what_is_not_over(queued, supervisor):
    plan, _institutions = small_industry()
    batch = ask(supervisor, plan)
    first = batch.members.first()
    making.render(report_id=first.pk)
    actions.cancel_report(report=batch, by=supervisor)
    assert sorted(batch.members.values_list("state", flat=True)) == [CANCELLED] * 5 + [DONE]
    assert next_up(batch_id=batch.pk) == []
    actions.retry_report(report=batch, by=supervisor)
    work_off(batch)
    assert len(holds_true(batch, unzipped(batch))) == 6
    Report.objects.filter(pk=batch.pk).update(state=ReportState.RENDERING)
    with pytest.raises(WrongState):
        actions.retry_report(report=batch, by=supervisor)


@pytest.mark.django_db
def test_the_zip_goes_after_some_days_and_is_packed_again(queued, supervisor, settings):
    plan, _institutions = small_industry()
    batch = ask(supervisor, plan)
    work_off(batch)
    before = batch.finished_at - timedelta(days=settings.PACKAGE_DAYS, minutes=1)
    Report.objects.filter(pk=batch.pk).update(finished_at=before)
    removal.remove_old_packages()
    batch.refresh_from_db()
    assert batch.removed_at and not batch.file.storage.exists(batch.file.name)
    actions.retry_report(report=batch, by=supervisor)
    work_off(batch)
    assert (batch.state, batch.removed_at) == (DONE, None)
    assert len(holds_true(batch, unzipped(batch))) == 6


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["reports:detail", "reports:progress"])
def test_the_page_of_a_batch_costs_the_same_for_many(client, supervisor, page):
    authority = membership_of(supervisor).authority
    batch = ReportFactory(
        kind=ReportKind.BATCH, authority=authority, requested_by=supervisor, state=COLLECTING, step="members"
    )
    client.force_login(supervisor)

    def cost(number):
        for _number in range(number):
            for state in (QUEUED, DONE, FAILED):
                about = {"kind": ReportKind.STATUS, "institution": InstitutionFactory(), "plan": batch.plan}
                ReportFactory(authority=authority, requested_by=supervisor, batch=batch, state=state, **about)
        with CaptureQueriesContext(connection) as queries:
            shown = client.get(reverse(page, args=[batch.pk])).context["tally"]
        return len(queries), shown

    cost(1)
    (one, _tally), (more, tally) = cost(0), cost(2)
    assert one == more
    assert (tally.total, tally.done, tally.failed, tally.over) == (9, 3, 3, 6)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_batch_outlives_a_worker_killed_half_way(supervisor):
    plan, institutions = small_industry()
    with worker("default,reports") as killed:
        batch = ask(supervisor, plan)
        left = batch.members.get(institution=institutions[5])
        out_of_scope(left)
        wait_until(lambda: batch.members.filter(state=DONE).count() >= 2)
        os.killpg(killed.pid, signal.SIGKILL)
        killed.wait()
    assert batch.members.filter(state=QUEUED).exists()
    Report.objects.exclude(heartbeat_at=None).filter(state__in=[QUEUED, ReportState.RENDERING]).update(
        heartbeat_at=timezone.now() - DEAD_AFTER - timedelta(seconds=1)
    )
    with worker("default,reports"), worker("default,reports"):
        jobs.resume_reports()
        wait_until(lambda: Report.objects.get(pk=batch.pk).is_over, seconds=120)
    batch.refresh_from_db()
    assert batch.state == DONE, batch.error
    entries = holds_true(batch, unzipped(batch))
    assert [number for number, entry in entries.items() if entry["reason"]] == [left.number]
    assert Notice.objects.count() == 1
