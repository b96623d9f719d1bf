"""An extract as a page shows it."""

import pytest

from tests.factories.vault import StoredFileFactory
from vault.enums import FileState, Finding
from vault.models import Extract
from vault.reading import CELLS_SHOWN, reading_of

pytestmark = pytest.mark.django_db


def table(rows: int, columns: int) -> dict:
    return {"kind": "table", "name": "Sheet1", "rows": [["x"] * columns for _row in range(rows)]}


def read(*blocks, is_cut=False):
    stored = StoredFileFactory()
    Extract.objects.create(stored=stored, blocks=list(blocks), is_cut=is_cut)
    return reading_of(stored)


def cells(blocks) -> int:
    return sum(len(row) for block in blocks for row in block.get("rows", []))


def test_a_usual_document_is_shown_as_it_was_taken():
    text = {"kind": "text", "text": "第一条"}
    reading = read(text, table(3, 2))
    assert (reading.blocks, reading.is_cut) == ([text, table(3, 2)], False)
    assert read(text, is_cut=True).is_cut


@pytest.mark.parametrize("sheets", [1, 30])
def test_as_many_cells_as_a_browser_bears(sheets):
    """Of one sheet with too many, and of many with few each."""
    rows = CELLS_SHOWN * 2 // sheets // 50
    reading = read(*[table(rows, 50) for _sheet in range(sheets)], {"kind": "text", "text": "末尾"})
    assert CELLS_SHOWN - 50 < cells(reading.blocks) <= CELLS_SHOWN
    assert reading.is_cut
    assert all(block["kind"] == "table" for block in reading.blocks)


def test_exactly_as_many_are_all():
    assert not read(table(CELLS_SHOWN // 50, 50)).is_cut


def test_nothing_is_read_of_what_did_not_pass():
    stored = StoredFileFactory(state=FileState.REFUSED, finding=Finding.DAMAGED, path="")
    Extract.objects.create(stored=stored, blocks=[table(1, 1)])
    assert reading_of(stored) is None


def test_without_text_there_is_nothing_to_read():
    assert read() is None
    assert reading_of(StoredFileFactory(content=b"another")) is None
