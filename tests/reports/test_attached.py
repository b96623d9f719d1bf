"""A report is an archival PDF, and carries its figures as data: of one moment. Which, `test_told.py` tells."""

import json
import subprocess
from dataclasses import replace

import psycopg
import pypdf
import pytest
from django.utils import translation

from portal.audit.canonical import canonical_json
from reports.contents.kinds import CONTENTS
from reports.documents import compose
from reports.enums import ReportKind
from reports.rendering import to_pdf
from tests.factories.accounts import AuthorityFactory
from tests.factories.reports import ReportFactory, small_industry
from tests.workers import connection_parameters

pytestmark = pytest.mark.django_db


@pytest.fixture
def supervisory():
    return ReportFactory(plan=small_industry(seed=3)[0], authority=AuthorityFactory())


def data_of(report):
    """Without the code and the moment, which are others each time."""
    data = json.loads(compose(report).data)
    assert data["report"].pop("verification_code") and data.pop("moment")
    return data


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


def test_the_file_is_archival_gives_its_data_back_and_bears_its_code_at_the_end(supervisory, tmp_path):
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

    pages = pypdf.PdfReader(file).pages
    assert document.seal.shown_code in pages[-1].extract_text()
    assert document.seal.url in [link.get_object()["/A"]["/URI"] for link in pages[-1]["/Annots"]]
    assert not any(document.seal.shown_code in page.extract_text() for page in pages[:-1])
