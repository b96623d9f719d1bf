"""The spreadsheet of who submitted what when: whose rows, which figures, and nothing that runs."""

import datetime
import io
import tracemalloc

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from openpyxl import Workbook, load_workbook

from assessments.enums import SelfAssessmentState, Verdict
from portal.accounts.actions import add_member
from portal.accounts.enums import AUTHORITY_ROLES, INSTITUTION_ROLES, InstitutionKind, Role
from portal.audit.models import AuditEvent
from portal.notices.models import Notice
from reports import actions, ledger, making, sheets
from reports.enums import ReportKind, ReportState
from reports.models import Report
from tasks.enums import AssignmentState
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member, membership_of
from tests.factories.assessments import CycleFactory, ReviewFactory, SelfAssessmentFactory
from tests.factories.plan import PlanFactory, TaskFactory
from tests.factories.reports import ReportFactory, small_industry
from tests.factories.tasks import AssignmentFactory, SubmissionFactory

pytestmark = pytest.mark.django_db
A, S = AssignmentState, SelfAssessmentState
DAY = datetime.timedelta(days=1)


@pytest.fixture
def authority():
    return AuthorityFactory(kinds=[InstitutionKind.SECURITIES, InstitutionKind.FUTURES])


def made(authority, plan, language="zh-hans"):
    report = ReportFactory(kind=ReportKind.LEDGER, authority=authority, plan=plan, language=language)
    making.render(report_id=report.pk)
    report.refresh_from_db()
    assert report.state == ReportState.DONE, report.error
    return report


def book_of(authority, plan, language="zh-hans"):
    return load_workbook(io.BytesIO(made(authority, plan, language).file.read()))


def rows_of(book, sheet: str) -> list[dict]:
    head, *rows = book[sheet].iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rows]


def at(day: datetime.date, hour: int = 15) -> datetime.datetime:
    return datetime.datetime.combine(day, datetime.time(hour, 30, 20), timezone.get_default_timezone())


class TestRows:
    def test_every_assignment_of_the_scope_and_no_other(self, authority):
        plan, institutions = small_industry(seed=3)
        AssignmentFactory(task__theme__plan=PlanFactory(), institution=institutions[0])
        found = {(row["统一社会信用代码"], row["任务编号"]) for row in rows_of(book_of(authority, plan), "任务报送")}
        core = [one for one in institutions if one.kind == InstitutionKind.CORE]
        expected = {
            (row.institution.credit_code, row.task.number)
            for one in institutions
            if one not in core
            for row in one.assignments.filter(task__theme__plan=plan).select_related("task", "institution")
        }
        assert core and found == expected

    def test_a_row_for_each_version_with_its_verdict(self, authority):
        today = timezone.localdate()
        deadline = today - 10 * DAY
        row = AssignmentFactory(state=A.SUBMITTED, deadline=deadline, institution__name="甲证券")
        first = SubmissionFactory(assignment=row, signed_at=at(deadline))
        SubmissionFactory(assignment=row, signed_at=at(deadline + 4 * DAY, hour=0))
        ReviewFactory(
            submission=first, verdict=Verdict.RETURNED, authority=authority, created_at=at(deadline + DAY, hour=9)
        )
        one, two = rows_of(book_of(authority, row.task.plan), "任务报送")
        assert one == {
            "机构": "甲证券",
            "统一社会信用代码": row.institution.credit_code,
            "机构类别": "证券公司",
            "地区": "上海",
            "任务编号": row.task.number,
            "任务": row.task.title,
            "分工": "落实",
            "完成期限": datetime.datetime.combine(deadline, datetime.time()),
            "状态": "已报送",
            "报送版本": 1,
            "签署人": first.signed_by.name,
            "签署时间": datetime.datetime.combine(deadline, datetime.time(15, 30)),
            "逾期天数": 0,
            "审核时间": datetime.datetime.combine(deadline + DAY, datetime.time(9, 30)),
            "审核结论": "退回",
            "审核单位": authority.name,
        }
        assert (two["报送版本"], two["逾期天数"], two["审核结论"], two["审核时间"]) == (2, 4, None, None)

    @pytest.mark.parametrize(
        ("state", "days", "late"),
        [
            (A.NOT_STARTED, -3, 3),
            (A.IN_PROGRESS, 0, 0),
            (A.RETURNED, 9, 0),
            (A.NOT_APPLICABLE, -30, None),
        ],
    )
    def test_unsigned_work(self, authority, state, days, late):
        row = AssignmentFactory(state=state, deadline=timezone.localdate() + days * DAY)
        (found,) = rows_of(book_of(authority, row.task.plan), "任务报送")
        assert (found["状态"], found["逾期天数"]) == (str(state.label), late)
        assert [found[name] for name in ("报送版本", "签署人", "签署时间", "审核结论", "审核单位")] == [None] * 5

    def test_self_assessments_and_of_drafts_only_the_state(self, authority):
        institution, today = InstitutionFactory(name="乙证券"), timezone.localdate()
        cycle = CycleFactory(due_on=today - 5 * DAY)
        with time_machine.travel(at(today - 2 * DAY), tick=False):
            signed = SelfAssessmentFactory(cycle=cycle, institution=institution, state=S.RETURNED)
        ReviewFactory(submission=None, self_assessment=signed, verdict=Verdict.RETURNED, authority=authority)
        draft = SelfAssessmentFactory(cycle=cycle, institution=institution, version=2, state=S.AWAITING_SIGNATURE)
        draft.sent_back_reason = "内部意见"
        draft.save()
        SelfAssessmentFactory(cycle=cycle, institution=InstitutionFactory(kind=InstitutionKind.CORE))
        SelfAssessmentFactory(cycle=CycleFactory(), institution=institution)
        one, two = rows_of(book_of(authority, cycle.plan), "自评")
        assert (one["机构"], one["自评周期"], one["版本"], one["状态"]) == ("乙证券", cycle.title, 1, "已退回")
        assert (one["签署人"], one["逾期天数"], one["审核结论"]) == (signed.signed_by.name, 3, "退回")
        assert (two["版本"], two["状态"], two["逾期天数"]) == (2, "待签署", 5)
        assert [two[name] for name in ("签署人", "签署时间", "审核时间", "审核结论", "审核单位")] == [None] * 5

    def test_granted_time_counts(self, authority):
        """The deadline in force, so that an extension excuses what came within it."""
        today = timezone.localdate()
        row = AssignmentFactory(state=A.SUBMITTED, deadline=today + DAY)
        SubmissionFactory(assignment=row, signed_at=at(today))
        assert rows_of(book_of(authority, row.task.plan), "任务报送")[0]["逾期天数"] == 0


class TestSheets:
    def test_head_filters_dates_and_notes(self, authority):
        row = AssignmentFactory(state=A.SUBMITTED)
        SubmissionFactory(assignment=row)
        plan = row.task.plan
        plan.shift_years = 7
        plan.save()
        book = book_of(authority, plan)
        assert book.sheetnames == ["说明", "任务报送", "自评"]
        sheet = book["任务报送"]
        assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:P2")
        assert sheet["A1"].font.bold
        assert sheet["H2"].is_date and sheet["L2"].is_date
        notes = dict(book["说明"].iter_rows(values_only=True))
        assert notes["监管单位"] == authority.name
        assert notes["范围"] == "全部地区；证券公司、期货公司"
        assert notes["计划"] == plan.title
        assert "虚构" in notes["演示数据"]
        assert isinstance(notes["数据时间"], datetime.datetime)

    def test_no_mark_of_a_demo_on_a_real_plan(self, authority):
        notes = dict(book_of(authority, PlanFactory())["说明"].iter_rows(values_only=True))
        assert "演示数据" not in notes

    def test_in_the_reports_language(self, authority):
        row = AssignmentFactory(institution__name_en="First Securities")
        book = book_of(authority, row.task.plan, language="en")
        first = next(book.worksheets[1].iter_rows(min_row=2, values_only=True))
        assert (first[0], first[5]) == ("First Securities", row.task.title_en)

    @pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t="])
    def test_what_looks_like_a_formula_stays_text(self, authority, start):
        name = f'{start}HYPERLINK("http://x.example","a")'
        row = AssignmentFactory(institution__name=name, state=A.SUBMITTED)
        SubmissionFactory(assignment=row, signed_by__name="=1+1")
        sheet = book_of(authority, row.task.plan)["任务报送"]
        for cell, text in ((sheet["A2"], name), (sheet["K2"], "=1+1")):
            assert (cell.value, cell.data_type, cell.quotePrefix) == (text, "s", True)

    def test_control_characters_are_left_out(self, authority):
        row = AssignmentFactory(institution__name="甲\x0b证券")
        assert rows_of(book_of(authority, row.task.plan), "任务报送")[0]["机构"] == "甲证券"

    def test_more_rows_than_a_sheet_holds_go_on_the_next(self, authority, monkeypatch):
        monkeypatch.setattr(sheets, "ROWS_A_SHEET", 3)
        task = TaskFactory()
        for _ in range(5):
            AssignmentFactory(task=task)
        book = book_of(authority, task.plan)
        assert book.sheetnames == ["说明", "任务报送", "任务报送 2", "任务报送 3", "自评"]
        found = [row["统一社会信用代码"] for name in book.sheetnames[1:4] for row in rows_of(book, name)]
        assert len(set(found)) == len(found) == 5

    def test_queries_do_not_grow_with_the_rows(self, authority):
        task = TaskFactory()
        AssignmentFactory(task=task)
        counts = []
        for more in (0, 3):
            for _ in range(more):
                SubmissionFactory(assignment=AssignmentFactory(task=task, state=A.SUBMITTED))
            report = ReportFactory(kind=ReportKind.LEDGER, authority=authority, plan=task.plan)
            with CaptureQueriesContext(connection) as queries:
                ledger.write_ledger(report, io.BytesIO())
            counts.append(len(queries))
        assert counts[0] == counts[1]


class TestMaking:
    def test_steps_digest_notice_and_name(self, authority, client):
        report = made(authority, PlanFactory())
        assert report.file.name.endswith(".xlsx")
        assert Notice.objects.get().data["title"] == "报送台账"
        client.force_login(report.requested_by)
        answer = client.get(reverse("reports:file", args=[report.pk]))
        assert answer["Content-Type"].endswith("spreadsheetml.sheet")
        assert ".xlsx" in answer["Content-Disposition"]
        page = client.get(report.get_absolute_url()).content.decode()
        assert "下载 Excel" in page

    def test_whoever_lost_the_role_gets_nothing(self, authority):
        report = ReportFactory(kind=ReportKind.LEDGER, authority=authority)
        report.requested_by.memberships.update(role=Role.OBSERVER)
        making.render(report_id=report.pk)
        report.refresh_from_db()
        assert report.state == ReportState.QUEUED and "PermissionDenied" in report.error

    @pytest.mark.parametrize("role", [*INSTITUTION_ROLES, *AUTHORITY_ROLES])
    def test_who_may_ask(self, authority, client, role):
        user = member(InstitutionFactory() if role in INSTITUTION_ROLES else authority, role)
        plan = PlanFactory()
        client.force_login(user)
        answer = client.post(reverse("reports:ledger"), {"plan": plan.slug, "language": "en"})
        listed = client.get(reverse("reports:list")).content.decode()
        if role in (Role.SUPERVISOR, Role.LEAD_SUPERVISOR):
            report = Report.objects.get()
            assert answer.url == report.get_absolute_url()
            assert (report.kind, report.authority, report.language) == (ReportKind.LEDGER, authority, "en")
            assert AuditEvent.objects.get(action="report.requested").data == {"kind": "ledger"}
            assert reverse("reports:ledger") in listed
        else:
            assert answer.status_code == 403 and not Report.objects.exists()
            assert reverse("reports:ledger") not in listed

    def test_a_form_that_says_nothing_is_shown_again(self, authority, client):
        client.force_login(member(authority, Role.SUPERVISOR))
        answer = client.post(reverse("reports:ledger"), {"plan": "none", "language": "zh-hans"})
        assert answer.status_code == 422 and not Report.objects.exists()

    def test_a_double_click_asks_once(self, authority):
        user, plan = member(authority, Role.SUPERVISOR), PlanFactory()
        wanted = {"membership": membership_of(user), "plan": plan, "language": "en", "by": user}
        assert actions.request_ledger(**wanted) == actions.request_ledger(**wanted)

    def test_each_download_is_in_the_trail(self, authority, client):
        report = made(authority, PlanFactory())
        colleague = member(authority, Role.OBSERVER)
        for user in (report.requested_by, colleague):
            client.force_login(user)
            assert client.get(reverse("reports:file", args=[report.pk])).status_code == 200
            client.head(reverse("reports:file", args=[report.pk]))
        events = AuditEvent.objects.filter(action="report.downloaded")
        assert [event.actor for event in events.order_by("pk")] == [report.requested_by, colleague]
        assert events[0].data["sha256"] == report.sha256

    def test_another_authoritys_is_not_there(self, authority, client):
        report = made(authority, PlanFactory())
        other = member(AuthorityFactory(), Role.LEAD_SUPERVISOR)
        client.force_login(other)
        assert client.get(reverse("reports:file", args=[report.pk])).status_code == 404
        assert not AuditEvent.objects.filter(action="report.downloaded").exists()

    def test_other_reports_are_downloaded_unrecorded(self, client):
        report = ReportFactory(state=ReportState.DONE)
        client.force_login(report.requested_by)
        client.get(reverse("reports:file", args=[report.pk]))
        assert not AuditEvent.objects.filter(action="report.downloaded").exists()

    def test_acting_in_one_body_shows_that_scope_only(self, authority):
        """Somebody with roles in two authorities gets the rows of the one that asked."""
        report = ReportFactory(kind=ReportKind.LEDGER, authority=authority)
        everything = AuthorityFactory()
        add_member(user=report.requested_by, body=everything, role=Role.SUPERVISOR, by=None)
        task = TaskFactory(theme__plan=report.plan)
        AssignmentFactory(task=task, institution=InstitutionFactory(kind=InstitutionKind.FUND))
        making.render(report_id=report.pk)
        report.refresh_from_db()
        assert rows_of(load_workbook(io.BytesIO(report.file.read())), "任务报送") == []


def test_memory_does_not_grow_with_the_rows(authority):
    """Rows are streamed: ten times as many need little more."""

    def peak(number: int) -> int:
        book = Workbook(write_only=True)
        line = ["甲证券", "91310000", timezone.localdate(), 3, None]
        tracemalloc.start()
        sheets.write_sheet(book, "任务报送", [("列", 9)] * 5, (list(line) for _ in range(number)))
        book.save(io.BytesIO())
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    assert peak(4000) < 2 * peak(400)
