"""A report is an archival PDF, and carries its figures as data: the same that the pages print."""

import io
import json
import subprocess
from dataclasses import replace

import psycopg
import pypdf
import pytest
import time_machine
from django.db.models import Min
from django.utils import timezone, translation

from assessments.models import Review
from portal.accounts.enums import InstitutionKind
from portal.accounts.models import Institution
from portal.audit.canonical import as_plain, canonical_json
from reports import progress
from reports.attached import FORMAT
from reports.contents.asked import INSTITUTIONS_SHOWN
from reports.contents.kinds import CONTENTS
from reports.contents.scope import OVERDUE_SHOWN
from reports.documents import compose
from reports.enums import ReportKind
from reports.rendering import to_pdf
from tasks.enums import AssignmentState
from tasks.models import Assignment
from tests.factories.accounts import AuthorityFactory, membership_of
from tests.factories.assessments import ReviewFactory
from tests.factories.reports import ReportFactory, small_industry
from tests.factories.tasks import SubmissionFactory
from tests.workers import connection_parameters

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


@pytest.fixture
def status(industry):
    """One institution's, with a return that is not answered."""
    plan, institutions = industry
    returned = institutions[0].assignments.filter(state=AssignmentState.RETURNED).first()
    ReviewFactory(submission=SubmissionFactory(assignment=returned), verdict="returned", comment="请补充。")
    return ReportFactory(plan=plan, institution=institutions[0])


def data_of(report):
    """The code is another each time."""
    data = json.loads(compose(report).data)
    assert data["report"].pop("verification_code")
    return data


# --- What `reports.progress` counts, as JSON has to tell it ------------------------------------------------


def figures_of(figures):
    return {
        "total": figures.total,
        "states": {state.value: figures.states[state] for state in AssignmentState},
        "overdue": figures.overdue,
        "accepted_share": figures.accepted_share,
        "overdue_share": figures.overdue_share,
    }


def lines_of(lines, names):
    return [{**names(subject), "figures": figures_of(figures)} for subject, figures in lines]


def numbered(row):
    return {"number": row.number, "title": row.title}


def institution_of(institution):
    return {"institution": institution.name, "credit_code": institution.credit_code, "kind": institution.kind}


def placed(institution):
    return {**institution_of(institution), "region": institution.region.name}


def assignment_of(row, today):
    return {
        "task": numbered(row.task),
        "state": row.state,
        "deadline": row.deadline,
        "deadline_is_official": row.deadline_is_official,
        "days_late": progress.days_late(row, today),
    }


def head_of(report):
    plan = report.plan
    return {
        "format": FORMAT,
        "report": {
            "number": report.number,
            "kind": report.kind,
            "title": str(ReportKind(report.kind).label),
            "language": report.language,
        },
        "plan": {"slug": plan.slug, "title": plan.title, "shift_years": plan.shift_years},
        "day": timezone.localdate(),
        "moment": timezone.now(),
        "rules": {"accepted_share": str(progress.ACCEPTED_SHARE_RULE), "overdue": str(progress.OVERDUE_RULE)},
    }


def supervisory_data(report):
    reader, today, plan = report.requested_by, timezone.localdate(), report.plan
    membership, authority = membership_of(reader), report.authority
    scope = Institution.objects.visible_to(reader, acting=membership)
    rows = Assignment.objects.visible_to(reader, acting=membership).filter(task__plan=plan)
    figures = progress.measure_scope(scope, plan=plan, day=today)
    assert figures.total.total and figures.total.overdue
    institutions = progress.by_institution(rows, plan=plan, today=today, limit=INSTITUTIONS_SHOWN)
    submitted = rows.filter(state=AssignmentState.SUBMITTED)
    return head_of(report) | {
        "scope": {
            "authority": authority.name,
            "all_regions": authority.all_regions,
            "regions": [region.name for region in authority.regions.all()],
            "kinds": [str(kind.label) for kind in InstitutionKind if kind in authority.kinds],
        },
        "figures": figures_of(figures.total),
        "waiting_since": submitted.aggregate(oldest=Min("submitted_at"))["oldest"],
        "heat_map": [
            {
                "theme": f"{theme.local_label} {theme.title}" if theme else "合计",
                "kind": str(kind.label) if kind else "合计",
                "overdue": figures.of(theme, kind).overdue,
                "share": figures.of(theme, kind).overdue_share,
            }
            for theme in [*figures.themes, None]
            for kind in [*figures.kinds, None]
        ],
        "by_theme": lines_of(figures.by_theme, numbered),
        "by_kind": lines_of(figures.by_kind, lambda kind: {"code": kind.value, "label": str(kind.label)}),
        "by_task": lines_of(figures.by_task, numbered),
        "by_region": lines_of(
            progress.by_region(scope, plan=plan, day=today), lambda region: {"code": region.code, "name": region.name}
        ),
        "overdue": [
            {**placed(row.institution), **assignment_of(row, today)}
            for row, _days in progress.overdue_list(rows, plan=plan, today=today, limit=OVERDUE_SHOWN)
        ],
        "institutions": {"total": institutions.total, "shown": lines_of(institutions.rows, placed)},
        "matrix": matrix_of([line.subject for line in institutions.rows], figures.tasks, today),
    }


def matrix_of(institutions, tasks, day):
    known = progress.standings(institutions, tasks=tasks, day=day)
    conditions = {place: standing.condition.value for place, standing in known.items()}
    return {
        "tasks": [task.number for task in tasks],
        "rows": [
            {
                "credit_code": institution.credit_code,
                "conditions": [conditions.get((institution.pk, task.pk), "none") for task in tasks],
            }
            for institution in institutions
        ],
    }


def status_data(report):
    reader, today, plan = report.requested_by, timezone.localdate(), report.plan
    membership = membership_of(reader)
    rows = Assignment.objects.visible_to(reader, acting=membership).filter(task__plan=plan)
    figures = progress.measure(rows, plan=plan, today=today)
    returns = list(progress.open_returns(Review.objects.visible_to(reader, acting=membership), rows))
    assert returns
    return head_of(report) | {
        "scope": institution_of(report.institution),
        "figures": figures_of(figures.total),
        "by_theme": lines_of(figures.by_theme, numbered),
        "tasks": [
            {
                **assignment_of(row, today),
                "part": row.part,
                "submissions": row.submission_count,
                "last_verdict": row.last_verdict,
                "last_verdict_at": row.last_verdict_at,
            }
            for row in progress.with_history(rows).order_by("task__number")
        ],
        "open_returns": [
            {
                "task": review.submission.assignment.task.number,
                "submission": review.submission.number,
                "authority": review.authority.name,
                "at": review.created_at,
                "reasons": [
                    {"requirement": reason.requirement.reference, "text": reason.text} for reason in review.reasons
                ],
                "comment": review.comment,
            }
            for review in returns
        ],
    }


@pytest.mark.parametrize(("kind", "expected"), [("supervisory", supervisory_data), ("status", status_data)])
def test_a_report_carries_every_figure_and_none_besides(kind, expected, request):
    """A key that is told and not compared here fails: the two are equal as wholes."""
    report = request.getfixturevalue(kind)
    assert data_of(report) == as_plain(expected(report))


@pytest.mark.django_db(transaction=True)
def test_what_is_committed_between_two_sections_is_not_told(monkeypatch):
    """All sections, and the sheets that are streamed, read one snapshot of the database."""
    plan, _institutions = small_industry(seed=3)
    report = ReportFactory(plan=plan, authority=AuthorityFactory())
    before = data_of(report)
    contents = CONTENTS[ReportKind.SUPERVISORY]
    first, second, *others = contents.sections

    def meanwhile(asked):
        with psycopg.connect(**connection_parameters()) as another:
            another.execute("UPDATE tasks_assignment SET deadline = deadline - 1000")
        return second.read(asked)

    changed = replace(contents, sections=(first, replace(second, read=meanwhile), *others))
    with monkeypatch.context() as patch:
        patch.setitem(CONTENTS, ReportKind.SUPERVISORY, changed)
        assert data_of(report) == before
    assert data_of(report)["overdue"] != before["overdue"]


def test_the_file_is_archival_and_gives_its_data_back(supervisory, tmp_path):
    with translation.override("en"):
        document = compose(supervisory)
    file = tmp_path / "report.pdf"
    file.write_bytes(to_pdf(document))
    subprocess.run(["pdfdetach", "-saveall", "-o", tmp_path, file], check=True, capture_output=True)
    assert (tmp_path / "report.json").read_bytes() == document.data == canonical_json(json.loads(document.data))
    assert (tmp_path / "report.xlsx").read_bytes() == document.workbook

    subprocess.run(["qpdf", "--check", file], check=True, capture_output=True)
    root = pypdf.PdfReader(file).trailer["/Root"]
    metadata = root["/Metadata"].get_data().decode()
    assert 'pdfaid:part="3"' in metadata
    assert 'pdfaid:conformance="A"' in metadata
    assert root["/Lang"] == "en"
    assert root["/MarkInfo"]["/Marked"]
    assert root["/OutputIntents"]
    assert [spec.get_object()["/AFRelationship"] for spec in root["/AF"]] == ["/Data"] * 2
    types = [spec.get_object()["/EF"]["/F"].get_object()["/Subtype"] for spec in root["/AF"]]
    assert types == ["/application/json", "/application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"]
    fonts = subprocess.run(["pdffonts", file], check=True, capture_output=True, text=True).stdout.splitlines()[2:]
    assert fonts
    assert {line.split()[-5] for line in fonts} == {"yes"}, "a font is not embedded"


def test_the_code_stands_on_the_last_page(supervisory):
    document = compose(supervisory)
    pages = pypdf.PdfReader(io.BytesIO(to_pdf(document))).pages
    assert document.seal.shown_code in pages[-1].extract_text()
    assert document.seal.url in [link.get_object()["/A"]["/URI"] for link in pages[-1]["/Annots"]]
    assert not any(document.seal.shown_code in page.extract_text() for page in pages[:-1])
