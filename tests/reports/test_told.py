"""Each figure that a report carries is the one that the portal's definition counts, in its data and in each cell."""

import io
import json

import pytest
import time_machine
from openpyxl import load_workbook

from portal.accounts.enums import Role
from portal.audit.canonical import as_plain
from reports.documents import compose
from reports.models import Report
from tests.factories.accounts import AuthorityFactory, member
from tests.factories.reports import ReportFactory, composition
from tests.reports.told import assessment, lives, status, supervisory, task

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _one_moment():
    """The figures of the test are those of the report's moment."""
    with time_machine.travel(lives.NOW, tick=False):
        yield


@pytest.mark.parametrize(
    ("module", "report"),
    [
        pytest.param(supervisory, lives.supervisory, id="supervisory"),
        pytest.param(supervisory, lambda: lives.supervisory(lives.PAST), id="supervisory-past"),
        pytest.param(task, lives.task, id="task"),
        pytest.param(task, lambda: lives.task(lives.PAST), id="task-past"),
        pytest.param(status, lives.status, id="status"),
        pytest.param(assessment, lives.assessment, id="assessment"),
    ],
)
def test_a_report_carries_every_figure_and_none_besides(module, report):
    """A key or a sheet that is told and not compared here fails: both are equal as wholes, and nothing is empty."""
    report = report()
    document = compose(report)
    data = json.loads(document.data)
    assert data["report"].pop("verification_code") == document.seal.code
    assert data == as_plain(module.told(report))
    assert [key for key, value in data.items() if value in ([], {}, None)] == []
    compare(document.workbook, module.sheets(data))


def compare(workbook, sheets):
    book = load_workbook(io.BytesIO(workbook))
    assert book.sheetnames == ["说明", *sheets]
    for name, rows in sheets.items():
        assert rows, name
        assert [list(row) for row in book[name].iter_rows(min_row=2, values_only=True)] == rows, name
        for column in book[name].iter_cols(min_row=1):
            head, *cells = column
            assert not [cell.value for cell in cells if is_number_as_text(cell)], (name, head.value)
            if head.value.endswith(("率", "占比")):
                assert {cell.number_format for cell in cells if cell.value is not None} == {"0.0%"}, (name, head.value)


def is_number_as_text(cell):
    """Longer ones are credit codes, of which a spreadsheet would keep 15 digits."""
    return isinstance(cell.value, str) and len(cell.value) <= 15 and cell.value.strip("%").isdecimal()


def test_a_composed_report_tells_its_period(db):
    plan, _returned = lives.industry()
    authority = AuthorityFactory()
    lead = member(authority, Role.LEAD_SUPERVISOR)
    chosen = {"sections": ["period"], "starts_on": lives.BETTER.date(), "day": lives.PAST}
    report = ReportFactory(
        plan=plan,
        authority=authority,
        requested_by=lead,
        composition=composition(authority, lead, plan, **chosen),
        day=lives.PAST,
        is_draft=True,
    )
    document = compose(Report.objects.get(pk=report.pk))
    data = json.loads(document.data)
    assert data["period"] == as_plain(supervisory.period(report))
    compare(document.workbook, supervisory.period_sheet(data))
