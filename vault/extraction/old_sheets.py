"""Excel until 2003."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import IO, Any

import xlrd

from vault.extraction.tables import COLUMNS_MAX, ROWS_MAX, as_table, shown


def blocks(file: IO[bytes]) -> Iterator[dict[str, Any]]:
    book = xlrd.open_workbook(file_contents=file.read(), logfile=io.StringIO(), on_demand=True)
    for sheet in book.sheets():
        rows = (
            [shown(_value(cell, book.datemode)) for cell in sheet.row_slice(number, 0, COLUMNS_MAX + 1)]
            for number in range(min(sheet.nrows, ROWS_MAX + 1))
        )
        yield as_table(sheet.name, rows)


def _value(cell: Any, datemode: int) -> object:
    if cell.ctype == xlrd.XL_CELL_DATE:
        try:
            return xlrd.xldate_as_datetime(cell.value, datemode)
        except xlrd.XLDateError:
            return cell.value
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return bool(cell.value)
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return xlrd.error_text_from_code.get(cell.value, "")
    return cell.value
