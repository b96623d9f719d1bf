"""What stands in the PDFs: the same figures as on the pages, in text that can be selected, and nothing unsafe."""

import io
import json
import subprocess
from datetime import timedelta

import pypdf
import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from weasyprint.urls import FatalURLFetchingError

from assessments.enums import Verdict
from assessments.models import Remark
from plan.enums import Part
from portal.accounts.enums import InstitutionKind, Role
from reports import documents, progress
from reports.documents import compose
from reports.enums import ReportKind
from reports.rendering import Refused, StaticFiles, to_pdf
from tasks.enums import AssignmentState as S
from tasks.models import Assignment
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, membership_of
from tests.factories.assessments import ReviewFactory
from tests.factories.plan import RequirementFactory, load_csf_2014
from tests.factories.rectifications import RectificationFactory
from tests.factories.reports import ReportFactory, document, small_industry
from tests.factories.tasks import AssignmentFactory, StatementFactory, SubmissionFactory

pytestmark = pytest.mark.django_db


def text_of(pdf, path):
    file = path / "report.pdf"
    file.write_bytes(pdf)
    output = subprocess.run(["pdftotext", "-layout", file, "-"], capture_output=True, check=True)
    return output.stdout.decode()


def composed(report, language="zh-hans"):
    with translation.override(language):
        return compose(report).html


def printed(report, language="zh-hans"):
    with translation.override(language):
        return to_pdf(compose(report))


@pytest.fixture
def csf(db):
    """A CIO's status report on the real plan: all 25 tasks, two of them returned."""
    plan = load_csf_2014(shift_years=6)
    institution = InstitutionFactory(name="示例证券有限公司", name_en="Example Securities Co., Ltd.")
    today = timezone.localdate()
    for task in plan.tasks.order_by("number"):
        state = S.RETURNED if task.number in (3, 13) else S.ACCEPTED if task.number < 10 else S.IN_PROGRESS
        days = -12 if task.number == 13 else 40
        AssignmentFactory(
            task=task, institution=institution, state=state, part=Part.IMPLEMENT, deadline=today + timedelta(days=days)
        )
    returned = Assignment.objects.get(task__number=13)
    review = ReviewFactory(submission=SubmissionFactory(assignment=returned), verdict=Verdict.RETURNED)
    requirement = returned.task.requirements.get(number=3)
    Remark.objects.create(review=review, requirement=requirement, text="缺少责任主体的任命文件。")
    return ReportFactory(plan=plan, institution=institution)


def test_status_report_in_chinese(csf, tmp_path):
    text = text_of(printed(csf), tmp_path)
    for words in (
        "任务落实情况报告",
        "示例证券有限公司",
        "中国证券期货业信息安全工作计划",
        "演示数据",
        csf.number,
        "25 项任务中，已验收 8 项，已逾期 1 项",
        "开展信息技术审计工作",
        "暂拟",
        "暂定",
        "逾期 12 天",
        "13.3 明确数据保护责任主体,落实敏感数据保护",
        "缺少责任主体的任命文件。",
        "32.0%",
    ):
        assert words in text, words


def test_status_report_in_english(csf, tmp_path):
    text = text_of(printed(csf, "en"), tmp_path)
    for words in ("Example Securities Co., Ltd.", "Carry out IT audit", "Section 3", "32.0%"):
        assert words in text, words


def test_the_file_says_what_it_is(csf):
    reader = pypdf.PdfReader(io.BytesIO(printed(csf)))
    assert reader.metadata.title == "任务落实情况报告 – 示例证券有限公司"
    assert reader.trailer["/Root"]["/Lang"] == "zh-hans"
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert len(reader.pages) >= 3


def test_unsigned_text_stays_out(csf):
    working = Assignment.objects.get(task__number=20)
    StatementFactory(assignment=working, requirement=working.requirements.first(), text="尚未签署的草稿文字")
    assert "尚未签署的草稿文字" not in composed(csf)


def test_a_return_that_was_answered_is_no_longer_open(csf):
    SubmissionFactory(assignment=Assignment.objects.get(task__number=13))
    assert "缺少责任主体的任命文件。" not in composed(csf)


def test_a_status_report_is_of_one_institution_only(csf):
    other = InstitutionFactory(name="另一家机构")
    AssignmentFactory(task=csf.plan.tasks.get(number=1), institution=other, state=S.ACCEPTED)
    html = composed(csf)
    assert "25 项任务中，已验收 8 项" in html
    assert "另一家机构" not in html


@pytest.fixture
def supervisory(db):
    authority = AuthorityFactory(kinds=[InstitutionKind.SECURITIES, InstitutionKind.CORE])
    plan, _institutions = small_industry(seed=1)
    return ReportFactory(plan=plan, authority=authority)


def test_supervisory_report_counts_its_scope_only(supervisory, tmp_path):
    user = supervisory.requested_by
    scope = Assignment.objects.visible_to(user, acting=membership_of(user))
    figures = progress.measure(scope, plan=supervisory.plan, today=timezone.localdate())
    assert figures.total.total < Assignment.objects.count()
    text = text_of(printed(supervisory), tmp_path)
    total = figures.total
    assert f"{total.total} 项任务中，已验收 {total.accepted} 项，已逾期 {total.overdue} 项" in text
    assert "期货公司" not in text
    assert supervisory.authority.name in text
    for institution in ("示例机构0", "示例机构2", "示例机构3", "示例机构5"):
        assert institution in text
    for institution in ("示例机构1", "示例机构4"):
        assert institution not in text


def test_supervisory_report_says_how_many_it_leaves_out(supervisory, monkeypatch):
    monkeypatch.setattr("reports.contents.supervisory.INSTITUTIONS_PRINTED", 3)
    monkeypatch.setattr("reports.contents.scope.OVERDUE_SHOWN", 2)
    html = composed(supervisory)
    assert "共 4 家，逾期多的在前，列出前 3 家" in html
    assert "列出前 2 项" in html


@pytest.mark.parametrize("kind", [ReportKind.SUPERVISORY, ReportKind.TASK])
@pytest.mark.parametrize("days", [None, 1])
def test_queries_do_not_grow_with_the_industry(supervisory, kind, days):
    supervisory.kind = kind
    supervisory.task = supervisory.plan.tasks.first() if kind == ReportKind.TASK else None
    supervisory.day = days and timezone.localdate() - timedelta(days=days)
    supervisory.save()
    with CaptureQueriesContext(connection) as few:
        composed(supervisory)
    for number in range(5):
        institution = InstitutionFactory(name=f"新增机构{number}")
        RectificationFactory(institution=institution, deadline=timezone.localdate() - timedelta(days=3))
        for task in supervisory.plan.tasks.all():
            AssignmentFactory(
                task=task,
                institution=institution,
                deadline=timezone.localdate() - timedelta(days=3),
                changed_at=timezone.now() - timedelta(days=2),
                created_at=timezone.now() - timedelta(days=2),
            )
    # As a worker does: nothing of the first report is remembered.
    fresh = type(supervisory).objects.get(pk=supervisory.pk)
    with CaptureQueriesContext(connection) as many:
        composed(fresh)
    loaded_again = 6  # the report's own person, plan, authority, memberships, task and theme
    assert len(many) <= len(few) + loaded_again


def test_empty_reports_are_whole(tmp_path):
    status = ReportFactory()
    assert "本机构尚未分配任务。" in text_of(printed(status), tmp_path)
    supervisory = ReportFactory(authority=AuthorityFactory(), plan=status.plan)
    assert "没有逾期的任务" in text_of(printed(supervisory), tmp_path)


def test_where_nothing_applies_there_is_no_share():
    """Every task of everybody was found not to apply: nothing is divided by nothing."""
    assignment = AssignmentFactory(state=S.NOT_APPLICABLE)
    for whose in ({"institution": assignment.institution}, {"authority": AuthorityFactory()}):
        report = ReportFactory(plan=assignment.task.plan, **whose)
        with translation.override("zh-hans"):
            document = compose(report)
        assert json.loads(document.data)["figures"]["accepted_share"] is None
        assert "<b>–</b>验收率" in document.html


def test_the_person_must_still_have_the_role(csf):
    csf.requested_by.memberships.update(role=Role.CONTRIBUTOR)
    csf.requested_by.__dict__.pop("active_memberships", None)
    with pytest.raises(PermissionDenied):
        composed(csf)


EVIL = '<script>alert(1)</script><img src="file:///etc/passwd"><link rel=stylesheet href=http://evil.example/x.css>'


def test_names_are_text_and_nothing_else(tmp_path):
    name = (EVIL + "很长的名称" * 40)[:200]
    institution = InstitutionFactory(name=name)
    requirement = RequirementFactory()
    assignment = AssignmentFactory(
        institution=institution,
        task=requirement.task,
        state=S.RETURNED,
        deadline=timezone.localdate() - timedelta(days=1),
    )
    review = ReviewFactory(submission=SubmissionFactory(assignment=assignment), verdict=Verdict.RETURNED, comment=EVIL)
    Remark.objects.create(review=review, requirement=requirement, text=EVIL)
    authority = AuthorityFactory()
    for report in (
        ReportFactory(plan=requirement.task.plan, institution=institution),
        ReportFactory(plan=requirement.task.plan, authority=authority),
    ):
        html = composed(report)
        assert "<script" not in html
        assert "<img" not in html
        text = text_of(to_pdf(document(html)), tmp_path)
        assert "<script>" in "".join(text.split())


@pytest.mark.parametrize(
    "url",
    [
        "http://evil.example/x.css",
        "https://evil.example/x.png",
        "file:///etc/passwd",
        "/etc/passwd",
        "data:text/css,body{}",
        "static:../portal/settings.py",
        "static:/etc/passwd",
        "static:css/nothing.css",
        "static:",
    ],
)
def test_reports_load_nothing_but_static_files(url):
    with pytest.raises(Refused):
        StaticFiles().fetch(url)


def test_the_style_sheet_is_loaded():
    response = StaticFiles().fetch("static:css/report.css")
    assert b"@page" in response.read()


@pytest.mark.parametrize(
    "part",
    ['<img src="file:///etc/passwd">', '<link rel="stylesheet" href="http://evil.example/x.css">', '<img src="x.png">'],
)
def test_a_report_that_wants_more_is_not_made(part):
    with pytest.raises(FatalURLFetchingError):
        to_pdf(document(f'<html lang="en"><title>t</title>{part}<p>text</p></html>'))


@pytest.mark.django_db(transaction=True)
def test_all_figures_come_from_one_read_only_snapshot():
    with documents.one_moment(), connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('transaction_isolation'), current_setting('transaction_read_only')")
        assert cursor.fetchone() == ("repeatable read", "on")


def test_page_and_paper_say_the_same(client, csf):
    """The CIO's home and the CIO's PDF say the same sentence."""
    client.force_login(csf.requested_by)
    page = client.get("/").content.decode()
    sentence = "25 项任务中，已验收 8 项，已逾期 1 项"
    assert sentence in page
    assert sentence in composed(csf)
