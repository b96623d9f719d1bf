"""The workbook of a report is a spreadsheet's own, and goes on where pages end. Each cell: `test_told.py`."""

import io
import json
import zipfile

import pytest
import time_machine
from django.utils import timezone
from openpyxl import load_workbook

from assessments.models import Remark
from reports import documents
from reports.documents import compose
from reports.verification.seals import new_seal
from tasks.enums import AssignmentState
from tests.factories.accounts import AuthorityFactory
from tests.factories.assessments import ReviewFactory
from tests.factories.plan import RequirementFactory
from tests.factories.reports import ReportFactory, small_industry
from tests.factories.tasks import SubmissionFactory
from tests.reports.told.cells import moment

pytestmark = pytest.mark.django_db
FORMULA = "=HYPERLINK(1)"


@pytest.fixture
def supervisory():
    return ReportFactory(plan=small_industry(seed=3)[0], authority=AuthorityFactory())


@pytest.fixture
def status():
    plan, (institution, *_others) = small_industry(seed=3)
    returned = institution.assignments.filter(state=AssignmentState.RETURNED).first()
    review = ReviewFactory(submission=SubmissionFactory(assignment=returned), verdict="returned", comment=FORMULA)
    Remark.objects.create(review=review, requirement=RequirementFactory(task=returned.task), text=FORMULA)
    return ReportFactory(plan=plan, institution=institution)


def opened(document):
    return load_workbook(io.BytesIO(document.workbook))


def rows_of(sheet):
    return [list(row) for row in sheet.iter_rows(min_row=2, values_only=True)]


def test_shares_dates_heads_and_filters_are_a_spreadsheets_own(status):
    document = compose(status)
    book = opened(document)
    for sheet in book.worksheets[1:]:
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref == sheet.dimensions
        for head in sheet[1]:
            assert head.font.bold
            assert sheet.column_dimensions[head.column_letter].width > 2 * len(head.value), "Chinese is wide"
    share = book["总体情况"]["G2"]
    assert share.data_type == "n" and share.number_format == "0.0%"
    deadline = book["逐项任务落实情况"]["E2"]
    assert deadline.is_date and deadline.number_format == "yyyy-mm-dd"
    returned = book["尚未答复的退回"]
    assert returned["E2"].is_date and returned["E2"].number_format == "yyyy-mm-dd hh:mm"
    assert [(cell.value, cell.data_type, cell.quotePrefix) for cell in (returned["H2"], returned["I2"])] == [
        (FORMULA, "s", True)
    ] * 2
    notes = dict(book["说明"].iter_rows(values_only=True))
    assert notes["任务落实情况报告"] == status.number
    assert notes["截至日期"].date() == timezone.localdate(document.as_at)
    assert notes["数据时间"] == moment(document.as_at.isoformat())
    assert (notes["机构"], notes["验证码"]) == (status.institution.name, document.seal.shown_code)
    assert {"计划", "申请人", "验收率", "已逾期"} <= set(notes)


def test_a_share_of_nothing_is_an_empty_cell():
    book = opened(compose(ReportFactory()))
    assert rows_of(book["总体情况"]) == [[0, 0, 0, 0, 0, 0, None]]
    assert rows_of(book["尚未答复的退回"]) == []


def test_it_holds_the_rows_for_which_the_pages_have_no_room(supervisory, monkeypatch):
    whole = opened(compose(supervisory))
    monkeypatch.setattr("reports.contents.asked.INSTITUTIONS_SHOWN", 3)
    monkeypatch.setattr("reports.contents.scope.OVERDUE_SHOWN", 2)
    document = compose(supervisory)
    data, book = json.loads(document.data), opened(document)
    assert (len(data["overdue"]), len(data["institutions"]["shown"])) == (2, 3)
    for name in ("逾期任务", "各机构进展"):
        assert len(rows_of(book[name])) > 3
        assert rows_of(book[name]) == rows_of(whole[name])
    monkeypatch.setattr("reports.contents.asked.ROWS_ATTACHED", 4)
    book = opened(compose(supervisory))
    assert [len(rows_of(book[name])) for name in ("逾期任务", "各机构进展")] == [4, 4]


def test_it_holds_each_institution_that_has_a_task(supervisory, monkeypatch):
    task = supervisory.plan.tasks.first()
    report = ReportFactory(kind="task", plan=supervisory.plan, authority=supervisory.authority, task=task)
    monkeypatch.setattr("reports.contents.task.INSTITUTIONS_SHOWN", 2)
    document = compose(report)
    standings = json.loads(document.data)["standings"]
    rows = rows_of(opened(document)["各机构情况"])
    assert (len(standings["shown"]), len(rows)) == (2, task.assignments.count())
    assert [row[1] for row in rows[:2]] == [row["credit_code"] for row in standings["shown"]]


def test_the_same_rows_as_at_the_same_moment_are_the_same_bytes(status, monkeypatch):
    seal, at = new_seal(), timezone.localtime().replace(hour=1, minute=2, second=4)
    monkeypatch.setattr(documents, "new_seal", lambda: seal)
    with time_machine.travel(at, tick=False):
        first = compose(status).workbook
        assert first == compose(status).workbook
    entries = zipfile.ZipFile(io.BytesIO(first)).infolist()
    assert {entry.date_time for entry in entries} == {at.timetuple()[:6]}
