"""A report is an archival PDF, and carries its figures as data: the same that the pages print."""

import io
import json
import subprocess

import pypdf
import pytest
import time_machine
from django.utils import timezone, translation

from assessments.models import Review
from portal.accounts.enums import InstitutionKind
from portal.accounts.models import Institution
from portal.audit.canonical import as_plain, canonical_json
from reports import progress
from reports.contents.asked import INSTITUTIONS_SHOWN
from reports.contents.supervisory import OVERDUE_SHOWN
from reports.documents import compose
from reports.rendering import to_pdf
from tasks.enums import AssignmentState
from tasks.models import Assignment
from tests.factories.accounts import AuthorityFactory, membership_of
from tests.factories.reports import ReportFactory, small_industry

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _one_moment():
    """The figures of the test are those of the report's moment."""
    with time_machine.travel(timezone.now(), tick=False):
        yield


@pytest.fixture
def industry():
    return small_industry(seed=3)


@pytest.fixture
def supervisory(industry):
    authority = AuthorityFactory(kinds=[InstitutionKind.SECURITIES, InstitutionKind.CORE])
    return ReportFactory(plan=industry[0], authority=authority)


def data_of(report):
    return json.loads(compose(report).data)


def plain(figures):
    """Figures as `reports.progress` counts them, as JSON tells them."""
    return as_plain(
        {
            "total": figures.total,
            "states": {state.value: figures.states[state] for state in AssignmentState},
            "overdue": figures.overdue,
            "accepted_share": figures.accepted_share,
            "overdue_share": figures.overdue_share,
        }
    )


def told(lines, name):
    return [(line[name], line["figures"]) for line in lines]


def test_a_supervisory_report_carries_every_figure(supervisory):
    data = data_of(supervisory)
    reader, today, plan = supervisory.requested_by, timezone.localdate(), supervisory.plan
    membership = membership_of(reader)
    scope = Institution.objects.visible_to(reader, acting=membership)
    rows = Assignment.objects.visible_to(reader, acting=membership).filter(task__plan=plan)
    figures = progress.measure_scope(scope, plan=plan, day=today)
    assert (data["day"], data["moment"]) == (today.isoformat(), as_plain(timezone.now()))
    assert data["figures"] == plain(figures.total)
    assert figures.total.total and figures.total.overdue
    assert told(data["by_theme"], "number") == [(theme.number, plain(f)) for theme, f in figures.by_theme]
    assert told(data["by_kind"], "code") == [(kind.value, plain(f)) for kind, f in figures.by_kind]
    assert told(data["by_task"], "number") == [(task.number, plain(f)) for task, f in figures.by_task]
    regions = progress.by_region(scope, plan=plan, day=today)
    assert told(data["by_region"], "code") == [(region.code, plain(f)) for region, f in regions]
    lines = progress.by_institution(rows, plan=plan, today=today, limit=INSTITUTIONS_SHOWN)
    assert data["institutions"]["total"] == lines.total
    expected = [(institution.credit_code, plain(f)) for institution, f in lines.rows]
    assert told(data["institutions"]["shown"], "credit_code") == expected
    late = progress.overdue_list(rows, plan=plan, today=today, limit=OVERDUE_SHOWN)
    shown = [(row["credit_code"], row["task"]["number"], row["deadline"], row["days_late"]) for row in data["overdue"]]
    assert shown == [
        (row.institution.credit_code, row.task.number, row.deadline.isoformat(), days) for row, days in late
    ]
    cells = [
        figures.of(theme, kind) for theme in [*figures.themes, None] for kind in [*figures.kinds, None]
    ]  # the heat map, row by row
    shares = [as_plain(cell.overdue_share) for cell in cells]
    assert [(cell["overdue"], cell["share"]) for cell in data["heat_map"]] == [
        (cell.overdue, share) for cell, share in zip(cells, shares, strict=True)
    ]


def test_an_institutions_report_carries_every_figure(industry):
    plan, institutions = industry
    report = ReportFactory(plan=plan, institution=institutions[0])
    data, today = data_of(report), timezone.localdate()
    membership = membership_of(report.requested_by)
    rows = Assignment.objects.visible_to(report.requested_by, acting=membership).filter(task__plan=plan)
    figures = progress.measure(rows, plan=plan, today=today)
    assert data["scope"]["credit_code"] == institutions[0].credit_code
    assert data["figures"] == plain(figures.total)
    assert told(data["by_theme"], "number") == [(theme.number, plain(f)) for theme, f in figures.by_theme]
    assert [
        (row["task"]["number"], row["state"], row["deadline"], row["days_late"], row["submissions"])
        for row in data["tasks"]
    ] == [
        (row.task.number, row.state, row.deadline.isoformat(), progress.days_late(row, today), row.submission_count)
        for row in progress.with_history(rows).order_by("task__number")
    ]
    reviews = Review.objects.visible_to(report.requested_by, acting=membership)
    assert len(data["open_returns"]) == progress.open_returns(reviews, rows).count()


def test_the_file_is_archival_and_gives_its_data_back(supervisory, tmp_path):
    with translation.override("en"):
        document = compose(supervisory)
    file = tmp_path / "report.pdf"
    file.write_bytes(to_pdf(document.html, document.data))
    subprocess.run(["pdfdetach", "-saveall", "-o", tmp_path, file], check=True, capture_output=True)
    assert (tmp_path / "report.json").read_bytes() == document.data == canonical_json(json.loads(document.data))

    subprocess.run(["qpdf", "--check", file], check=True, capture_output=True)
    root = pypdf.PdfReader(file).trailer["/Root"]
    metadata = root["/Metadata"].get_data().decode()
    assert 'pdfaid:part="3"' in metadata
    assert 'pdfaid:conformance="A"' in metadata
    assert root["/Lang"] == "en"
    assert root["/MarkInfo"]["/Marked"]
    assert root["/OutputIntents"]
    assert [spec.get_object()["/AFRelationship"] for spec in root["/AF"]] == ["/Data"]
    fonts = subprocess.run(["pdffonts", file], check=True, capture_output=True, text=True).stdout.splitlines()[2:]
    assert fonts
    assert {line.split()[-5] for line in fonts} == {"yes"}, "a font is not embedded"


def test_the_code_stands_on_the_last_page(supervisory):
    document = compose(supervisory)
    pages = pypdf.PdfReader(io.BytesIO(to_pdf(document.html, document.data))).pages
    assert document.seal.shown_code in pages[-1].extract_text()
    assert document.seal.url in [link.get_object()["/A"]["/URI"] for link in pages[-1]["/Annots"]]
    assert not any(document.seal.shown_code in page.extract_text() for page in pages[:-1])
