"""What the explorer finds, as a file: the same rows and columns, for who may have them, and nothing that runs."""

import csv
import io
import time

import psycopg
import pytest
from django.db import connection
from django.urls import reverse
from openpyxl import load_workbook

from portal import attempts
from portal.accounts.enums import InstitutionKind, Role
from portal.audit.models import AuditEvent
from portal.notices.models import Notice
from reports import making
from reports.enums import ReportKind, ReportState, ReportStep
from reports.explorer import exporting
from reports.explorer.registry import LISTED
from reports.models import Report
from reports.sheets import write_csv
from tests.explorer.pages import SUBJECTS
from tests.explorer.test_subjects import narrow, worlds  # noqa: F401 - fixtures
from tests.factories.accounts import AuthorityFactory, InstitutionFactory, member, membership_of
from tests.factories.assessments import AnswerFactory, CycleFactory, scored
from tests.factories.reports import ReportFactory
from tests.factories.tasks import AssignmentFactory

pytestmark = pytest.mark.django_db
EXPORT = reverse("explorer:export")


def asked(client, subject="assignments", query="", file_format="xlsx") -> Report:
    response = client.post(EXPORT, {"subject": subject, "query": query, "format": file_format})
    report = Report.objects.first()
    assert response.url == report.get_absolute_url()
    return report


def made(report: Report) -> Report:
    making.render(report_id=report.pk)
    report.refresh_from_db()
    return report


def sheet_of(report: Report) -> list[dict]:
    assert report.state == ReportState.DONE, report.error
    if report.format == "csv":
        return list(csv.DictReader(io.StringIO(report.file.read().decode("utf-8-sig"))))
    sheet = load_workbook(io.BytesIO(report.file.read())).worksheets[1]
    head, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rows]


@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize("file_format", ["xlsx", "csv"])
def test_every_subject_with_all_its_columns_for_the_scope(browse, worlds, narrow, subject, file_format):  # noqa: F811
    client = browse(member(narrow, Role.SUPERVISOR))
    columns = "&".join(f"column={column.key}" for column in LISTED[subject].columns)
    report = made(asked(client, subject, f"kind=futures&{columns}", file_format))
    (row,) = sheet_of(report)
    assert list(row) == [str(column.label) for column in LISTED[subject].columns]
    assert worlds.there.institution.name in row.values()
    assert (report.rows_done, report.rows_total) == (1, 1)
    response = client.get(reverse("reports:file", args=[report.pk]))
    assert f".{file_format}" in response["Content-Disposition"]
    first = b"".join(response.streaming_content)[:3]
    assert first == (b"\xef\xbb\xbf" if file_format == "csv" else b"PK\x03")


def test_the_rows_columns_and_order_of_the_page(people, browse):
    names = ["丙证券", "甲证券", "乙证券"]
    for name in names:
        AssignmentFactory(institution=InstitutionFactory(name=name))
    AssignmentFactory(institution=InstitutionFactory(kind=InstitutionKind.FUND))
    query = "kind=securities&column=institution&column=gone&sort=-deadline&after=x"
    rows = sheet_of(made(asked(browse(people.supervisor), query=query)))
    assert rows == [{"机构名称": name} for name in reversed(names)]


def test_the_notes_say_what_was_looked_for(people, browse):
    AssignmentFactory(state="returned")
    report = made(asked(browse(people.supervisor), query="state=returned&state=submitted"))
    notes = list(load_workbook(io.BytesIO(report.file.read())).worksheets[0].iter_rows(values_only=True))
    assert ("状态", "已退回") in notes
    assert ("状态", "已报送") in notes
    assert ("行数", 1) in notes


def test_the_cycle_is_that_of_the_page(people, browse, worlds):  # noqa: F811
    report = asked(browse(people.supervisor), "requirements", "kind=futures&column=institution")
    newer = scored(people.institution, CycleFactory(plan=worlds.cycle.plan), "1", state="submitted")
    AnswerFactory(self_assessment=newer, requirement=worlds.requirement, level=1)
    assert sheet_of(made(report)) == [{"机构名称": worlds.there.institution.name}]


def test_in_the_language_of_the_page(people, browse):
    AssignmentFactory(institution=InstitutionFactory(name="甲证券", name_en="First Securities"))
    client = browse(people.supervisor)
    client.cookies["django_language"] = "en"
    report = made(asked(client, query="column=institution"))
    assert report.language == "en"
    assert [list(row.values()) for row in sheet_of(report)] == [["First Securities"]]


def test_cells_run_nothing(people, browse):
    AssignmentFactory(institution=InstitutionFactory(name='=HYPERLINK("//evil.example")'))
    client = browse(people.supervisor)
    (row,) = sheet_of(made(asked(client, query="column=institution", file_format="csv")))
    assert row == {"机构名称": '\'=HYPERLINK("//evil.example")'}
    report = made(asked(client, query="column=institution"))
    cell = load_workbook(io.BytesIO(report.file.read())).worksheets[1]["A2"]
    assert (cell.data_type, cell.quotePrefix) == ("s", True)


def test_each_cell_that_begins_like_a_formula_is_text():
    file = io.BytesIO()
    write_csv(file, ["a"], ([start + "1"] for start in "=+-@\t\r"))
    rows = list(csv.reader(io.StringIO(file.getvalue().decode("utf-8-sig"), newline="")))
    assert [row[0] for row in rows[1:]] == [f"'{start}1" for start in "=+-@\t\r"]


# --- Who --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["liaison", "contributor", "cio", "observer"])
def test_who_may_not(people, browse, who):
    response = browse(getattr(people, who)).post(EXPORT, {"subject": "assignments", "format": "csv"})
    assert response.status_code == 403
    assert not Report.objects.exists()


def test_it_is_the_authoritys_and_its_request_and_download_leave_a_trace(people, browse, narrow):  # noqa: F811
    client = browse(people.lead)
    report = made(asked(client, query="overdue=1"))
    for who, status in ((people.observer, 200), (people.cio, 404), (member(narrow, Role.LEAD_SUPERVISOR), 404)):
        assert browse(who).get(report.get_absolute_url()).status_code == status
        assert browse(who).get(reverse("reports:file", args=[report.pk])).status_code == status
    assert Notice.objects.filter(recipient=people.lead, path=report.get_absolute_url()).exists()
    events = AuditEvent.objects.filter(target_id=str(report.pk)).order_by("pk")
    requested, downloaded = events.get(action="report.requested"), events.get(action="report.downloaded")
    assert (requested.actor, requested.data["subject"], requested.data["query"]) == (
        people.lead,
        "assignments",
        "overdue=1",
    )
    assert downloaded.actor == people.observer


def test_what_left_the_scope_meanwhile_is_left_out(people, browse):
    row = AssignmentFactory(institution=people.institution)
    other = InstitutionFactory(kind=InstitutionKind.FUND)
    AssignmentFactory(institution=other)
    report = asked(browse(people.supervisor), query="column=credit_code")
    people.authority.group.institutiongroupobjectpermission_set.filter(content_object=other).delete()
    assert sheet_of(made(report)) == [{"统一社会信用代码": row.institution.credit_code}]


def test_a_filter_that_no_longer_makes_sense_is_refused_in_words(people, browse):
    report = asked(browse(people.supervisor), query=f"institution={people.institution.pk}")
    people.authority.group.institutiongroupobjectpermission_set.all().delete()
    report = made(report)
    assert report.state == ReportState.FAILED
    assert "筛选条件已失效" in browse(people.supervisor).get(report.get_absolute_url()).text


def test_who_lost_the_role_gets_nothing(people, browse):
    report = asked(browse(people.supervisor))
    people.supervisor.memberships.update(role=Role.OBSERVER)
    assert made(report).state == ReportState.QUEUED
    assert not report.file


@pytest.mark.parametrize(
    "changes",
    [{"subject": "people"}, {"format": "pdf"}, {"query": "x" * 2001}, {"query": "state=nonsense"}, {"subject": ""}],
)
def test_what_makes_no_sense_is_told_and_nothing_is_queued(people, browse, changes):
    client = browse(people.supervisor)
    response = client.post(EXPORT, {"subject": "assignments", "query": "", "format": "csv"} | changes, follow=True)
    assert "未导出" in response.text
    assert not Report.objects.exists()


def test_asked_twice_it_is_queued_once(people, browse):
    client = browse(people.supervisor)
    first, again = asked(client, query="overdue=1"), asked(client, query="overdue=1")
    assert first == again
    assert asked(client, query="overdue=1", file_format="csv") != first


# --- Progress and memory ----------------------------------------------------------------------------------


def test_the_page_says_how_far_it_is(people, browse):
    report = ReportFactory(
        kind=ReportKind.EXPORT,
        plan=None,
        authority=people.authority,
        requested_by=people.supervisor,
        subject="assignments",
        format="xlsx",
        state=ReportState.RENDERING,
        step=ReportStep.WRITING,
        rows_done=120_000,
        rows_total=625_000,
    )
    page = browse(people.supervisor).get(report.get_absolute_url()).text
    assert "120,000" in page
    assert "625,000" in page


@pytest.mark.django_db(transaction=True)
def test_rows_are_counted_while_they_are_written(monkeypatch):
    """By the heartbeat, over a connection of its own, for the rows are read in one transaction."""
    person = member(AuthorityFactory(), Role.SUPERVISOR)
    AssignmentFactory.create_batch(3, institution=InstitutionFactory())
    report = ReportFactory(
        kind=ReportKind.EXPORT,
        plan=None,
        authority=membership_of(person).authority,
        requested_by=person,
        subject="assignments",
        columns=["number"],
        format="csv",
    )
    outside, seen = psycopg.connect(**connection.get_connection_params()), []
    original = exporting._value

    def waiting_to_be_seen(value):
        """The transaction that reads the rows sees nothing newer than itself, so another connection looks."""
        for _attempt in range(500):
            shown = outside.execute("SELECT rows_done, rows_total FROM reports_report").fetchone()
            outside.rollback()
            if shown == (len(seen), 3):
                break
            time.sleep(0.01)
        seen.append(shown)
        return original(value)

    monkeypatch.setattr(attempts, "SECONDS", 0.01)
    monkeypatch.setattr(exporting, "_value", waiting_to_be_seen)
    made(report)
    outside.close()
    assert (report.state, report.rows_done, report.rows_total) == (ReportState.DONE, 3, 3)
    assert seen == [(0, 3), (1, 3), (2, 3)]
