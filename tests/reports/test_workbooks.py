"""The workbook of a report says what its data say, cell by cell, as numbers and dates that a spreadsheet knows."""

import datetime
import io
import json
import zipfile
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone
from openpyxl import load_workbook

from assessments.models import Remark
from plan.enums import Part
from plan.models import Task, Theme
from portal.accounts.enums import InstitutionKind
from reports import documents
from reports.documents import compose
from reports.progress import Condition
from reports.verification.seals import new_seal
from tasks.enums import AssignmentState
from tests.factories.accounts import AuthorityFactory
from tests.factories.assessments import ReviewFactory
from tests.factories.plan import RequirementFactory
from tests.factories.reports import ReportFactory, small_industry
from tests.factories.tasks import SubmissionFactory

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


# --- What the JSON says, as cells --------------------------------------------------------------------------


def fraction(percent):
    return None if percent is None else float(Decimal(percent) / 100)


def figures(told):
    names = ("submitted", "returned", "accepted", "not_applicable")
    states = [told["states"][name] for name in names]
    return [told["total"], *states, told["overdue"], fraction(told["accepted_share"])]


def day(told):
    return datetime.datetime.fromisoformat(told)


def moment(told):
    if told is None:
        return None
    at = timezone.localtime(datetime.datetime.fromisoformat(told))
    return at.replace(second=0, microsecond=0, tzinfo=None)


def task(told):
    return [told["task"]["number"], told["task"]["title"]]


def deadline(told):
    return [day(told["deadline"]), None if told["deadline_is_official"] else "暂定", told["days_late"]]


def state(told):
    return str(AssignmentState(told["state"]).label)


def supervisory_sheets(data):
    themes = {task.number: task.theme.title for task in Task.objects.select_related("theme")}
    return {
        "总体情况": [figures(data["figures"])],
        "待审核情况": [[data["figures"]["states"]["submitted"], moment(data["waiting_since"])]],
        "逾期分布": [
            [cell["theme"], cell["kind"], cell["overdue"], fraction(cell["share"])] for cell in data["heat_map"]
        ],
        "各类机构进展": [[line["label"], *figures(line["figures"])] for line in data["by_kind"]],
        "各主题、各任务进展": [
            [themes[line["number"]], line["number"], line["title"], *figures(line["figures"])]
            for line in data["by_task"]
        ],
        "各地区进展": [[line["name"], *figures(line["figures"])] for line in data["by_region"]],
        "逾期任务": [
            [row["institution"], row["credit_code"], row["region"], *task(row), state(row), *deadline(row)]
            for row in data["overdue"]
        ],
        "各机构进展": [
            [
                line["institution"],
                line["credit_code"],
                str(InstitutionKind(line["kind"]).label),
                line["region"],
                *figures(line["figures"]),
            ]
            for line in data["institutions"]["shown"]
        ],
        "各机构各任务情况": [
            [line["institution"], line["credit_code"], *(str(Condition(told).label) for told in row["conditions"])]
            for line, row in zip(data["institutions"]["shown"], data["matrix"]["rows"], strict=True)
        ],
    }


def status_sheets(data):
    verdicts = {None: None, "accepted": "已验收", "returned": "已退回"}
    tasks = {task.number: task for task in Task.objects.all()}
    themes = {theme.number: theme for theme in Theme.objects.all()}
    return {
        "总体情况": [figures(data["figures"])],
        "各主题进展": [
            [f"{themes[line['number']].local_label} {line['title']}", *figures(line["figures"])]
            for line in data["by_theme"]
        ],
        "逐项任务落实情况": [
            [
                *task(row),
                str(Part(row["part"]).label),
                state(row),
                *deadline(row),
                row["submissions"],
                verdicts[row["last_verdict"]],
                moment(row["last_verdict_at"]),
            ]
            for row in data["tasks"]
        ],
        "尚未答复的退回": [
            [
                row["task"],
                tasks[row["task"]].title,
                row["submission"],
                row["authority"],
                moment(row["at"]),
                reason["requirement"],
                tasks[row["task"]].requirements.get().text,
                reason["text"],
                row["comment"],
            ]
            for row in data["open_returns"]
            for reason in row["reasons"]
        ],
    }


@pytest.mark.parametrize(("kind", "expected"), [("supervisory", supervisory_sheets), ("status", status_sheets)])
def test_each_cell_says_what_the_data_say(kind, expected, request):
    document = compose(request.getfixturevalue(kind))
    book, sheets = opened(document), expected(json.loads(document.data))
    assert book.sheetnames == ["说明", *sheets]
    for name, rows in sheets.items():
        assert rows and rows_of(book[name]) == rows, name


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


def test_the_same_rows_as_at_the_same_moment_are_the_same_bytes(status, monkeypatch):
    seal, at = new_seal(), timezone.localtime().replace(hour=1, minute=2, second=4)
    monkeypatch.setattr(documents, "new_seal", lambda: seal)
    with time_machine.travel(at, tick=False):
        first = compose(status).workbook
        assert first == compose(status).workbook
    entries = zipfile.ZipFile(io.BytesIO(first)).infolist()
    assert {entry.date_time for entry in entries} == {at.timetuple()[:6]}
