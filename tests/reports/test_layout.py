"""The pages of the official layout: contents, outline, headings, and nothing outside the type area."""

import itertools
import re
import subprocess
import xml.etree.ElementTree as ET

import pypdf
import pytest

from portal.accounts.models import Authority, Institution
from reports.documents import compose
from reports.rendering import to_pdf
from tests.factories.accounts import AuthorityFactory
from tests.factories.reports import ReportFactory, small_industry

pytestmark = pytest.mark.django_db
POINTS = 72 / 25.4
LEFT, RIGHT, WIDTH, TOP, HEIGHT = 28, 26, 156, 37, 225  # mm


@pytest.fixture
def file(tmp_path):
    """A supervisory report over names of 200 characters, with and without a place to break."""
    plan, _institutions = small_industry(seed=3)
    Institution.objects.filter(region__code="beijing").update(name="某某证券期货基金联合管理股份有限公司北京"[:20] * 10)
    Institution.objects.filter(region__code="shanghai").update(name="W" * 200)
    report = ReportFactory(plan=plan, authority=AuthorityFactory())
    Authority.objects.update(name="<script>" + "Abcdefgh" * 24)
    report.refresh_from_db()
    document = compose(report)
    path = tmp_path / "report.pdf"
    path.write_bytes(to_pdf(document))
    return path


def words(file):
    """Of each page: its words with where they begin and end, in millimetres."""
    output = subprocess.run(["pdftotext", "-bbox", file, "-"], check=True, capture_output=True, text=True).stdout
    for page in ET.fromstring(re.sub(r"<!DOCTYPE[^>]*>", "", output)).iter("{http://www.w3.org/1999/xhtml}page"):
        yield [(word.text, *(float(word.get(side)) / POINTS for side in ("xMin", "xMax", "yMin"))) for word in page]


def outline(reader):
    """Of the title and the headings below it, without those within a part."""
    title, headings = reader.outline[:2]
    own = [title, *(entry for entry in headings if not isinstance(entry, list))]
    return [(entry.title, reader.get_destination_page_number(entry) + 1) for entry in own]


def test_the_official_layout(file):
    reader = pypdf.PdfReader(file)
    assert [round(float(side) / POINTS) for side in reader.pages[0].mediabox[2:]] == [210, 297]

    title, contents, *parts = outline(reader)
    assert (title[1], contents) == (1, ("目录", 2))
    assert parts[0] == ("一、总体情况", 3)
    assert [name[:2] for name, _page in parts[-2:]] == ["附表", "文件"]
    told = re.findall(r"(\S+)[ ·]+(\d+)\n", reader.pages[1].extract_text())
    assert [(name, int(page)) for name, page in told] == parts
    links = [reference.get_object() for reference in reader.pages[1]["/Annots"]]
    named = reader.named_destinations
    assert {reader.get_destination_page_number(named[link["/Dest"]]) + 1 for link in links} == {p for _n, p in parts}

    for number, page in enumerate(words(file), start=1):
        left = RIGHT if number % 2 == 0 else LEFT
        for text, begin, end, _top in page:
            assert left - 0.2 < begin < end < left + WIDTH + 0.2, (number, text)
        foot = "".join(text for text, _begin, _end, top in page if top > TOP + HEIGHT)
        assert (f"—{number}—" in foot) == (number > 1), (number, foot)

    annex = [page.extract_text() for page in reader.pages[parts[-3][1] - 1 : parts[-2][1] - 1]]
    assert any("W" * 10 in page for page in annex)
    assert all("机构名称" in page for page in annex if "W" * 10 in page), "a table does not repeat its head"


def test_headings_are_tagged_in_their_order(file):
    output = subprocess.run(["pdfinfo", "-struct", file], check=True, capture_output=True, text=True).stdout
    levels = [int(level) for level in re.findall(r"^\s*H([1-6])\b", output, re.MULTILINE)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
