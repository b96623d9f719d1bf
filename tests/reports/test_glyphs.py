"""Rare characters in names: printed where a font has them, else marked and listed; never left out in silence."""

import subprocess

import pytest
from django.urls import reverse

from reports.documents import compose
from reports.enums import ReportState
from reports.glyphs import missing_characters, named
from reports.rendering import to_pdf
from tests.factories.accounts import InstitutionFactory
from tests.factories.reports import ReportFactory

# Nobody has assigned the first, and each font draws another thing for the second.
UNKNOWN, PRIVATE = "\U0003fff0", "\ue000"


def test_what_draws_nothing_is_not_missing():
    assert missing_characters("示例𬭩(A) 9\u3000\u200d\ufe0f\U000e0100\n") == ""
    assert missing_characters(f"{UNKNOWN}示{PRIVATE}{UNKNOWN}") == PRIVATE + UNKNOWN
    assert [character.code for character in named(PRIVATE + UNKNOWN)] == ["U+E000", "U+3FFF0"]


@pytest.mark.django_db
def test_a_rare_character_is_printed_or_marked_and_listed(tmp_path, caplog):
    emoji = "🫠"
    institution = InstitutionFactory(name=f"示例𬭩{UNKNOWN}证券{PRIVATE}公司{emoji}")
    document = compose(ReportFactory(institution=institution))
    drawn = emoji not in document.missing
    assert document.missing == PRIVATE + ("" if drawn else emoji) + UNKNOWN
    assert institution.name in document.data.decode()
    file = tmp_path / "report.pdf"
    file.write_bytes(to_pdf(document))
    text = "".join(subprocess.run(["pdftotext", file, "-"], check=True, capture_output=True, text=True).stdout.split())
    assert f"示例𬭩〓证券〓公司{emoji if drawn else '〓'}" in text
    assert "、".join(character.code for character in named(document.missing)) in text
    assert "notdef" not in caplog.text
    fonts = subprocess.run(["pdffonts", file], check=True, capture_output=True, text=True).stdout.splitlines()[2:]
    assert {line.split()[-5] for line in fonts} == {"yes"}


@pytest.mark.django_db
def test_the_reports_page_lists_them(client):
    report = ReportFactory(state=ReportState.DONE, missing_characters=PRIVATE + UNKNOWN)
    client.force_login(report.requested_by)
    page = client.get(reverse("reports:detail", args=[report.pk])).content.decode()
    assert "<code>U+E000</code>" in page
    assert f"<code>U+3FFF0</code> {UNKNOWN}" in page
