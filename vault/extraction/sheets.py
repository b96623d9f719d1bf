"""Excel: each sheet a table of what its cells show."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import IO, Any

import openpyxl

from vault.extraction.tables import COLUMNS_MAX, ROWS_MAX, as_table, shown


def blocks(file: IO[bytes]) -> Iterator[dict[str, Any]]:
    warnings.simplefilter("ignore")
    book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
    for sheet in book.worksheets:
        sheet.reset_dimensions()  # some programs write wrong ones
        rows = sheet.iter_rows(max_row=ROWS_MAX + 1, max_col=COLUMNS_MAX + 1, values_only=True)
        yield as_table(sheet.title, ([shown(value) for value in row] for row in rows))
