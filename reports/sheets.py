"""Sheets of a workbook, and CSV, written row by row: heads, notes, and cells that run nothing."""

from __future__ import annotations

import csv
import datetime
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from io import TextIOWrapper
from typing import IO, Any
from unicodedata import east_asian_width

from django.utils import timezone
from django.utils.translation import pgettext
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.writer.excel import ExcelWriter

ROWS_A_SHEET = 1_000_000  # Excel opens 1,048,576
TITLE_LENGTH = 31  # Excel opens no longer ones
FILTER_BUTTON = 3  # what the button in a head covers
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
PERCENT, TO_THE_MINUTE = "0.0%", "yyyy-mm-dd hh:mm"

Column = tuple[str, int]


class Share(Decimal):
    """A fraction of 1, which a spreadsheet shows in percent with one decimal."""


def share(percent: Decimal | None) -> Share | None:
    """Of percent; None where nothing applies."""
    return None if percent is None else Share(percent / 100)


def write_notes(book: Workbook, lines: Iterable[tuple[str, Any]]) -> None:
    """What the workbook is about, as pairs of a word and what it says."""
    sheet = book.create_sheet(pgettext("sheet", "说明"))
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 28, 90
    for line in lines:
        sheet.append([_cell(sheet, value) for value in line])


def write_sheet(book: Workbook, title: str, columns: list[Column], rows: Iterator[list[Any]]) -> None:
    """The rows under their heads, on as many sheets as they need."""
    number, is_more = 1, True
    while is_more:
        ending = "" if number == 1 else f" {number}"
        sheet = book.create_sheet(title[: TITLE_LENGTH - len(ending)] + ending)
        sheet.freeze_panes = "A2"
        for index, (head, width) in enumerate(columns, 1):
            sheet.column_dimensions[get_column_letter(index)].width = max(width, _width(head) + FILTER_BUTTON)
        sheet.append([_head(sheet, head) for head, _width in columns])
        count, is_more = 1, False
        for row in rows:
            sheet.append([_cell(sheet, value) for value in row])
            count += 1
            if count == ROWS_A_SHEET:
                is_more = True
                break
        sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{count}"
        number += 1


def save(book: Workbook, file: IO[bytes], at: datetime.datetime) -> None:
    """All times in the file are `at`, so that the same rows as at the same moment are the same bytes."""
    book.properties.created = book.properties.modified = at.astimezone(datetime.UTC).replace(tzinfo=None)
    ExcelWriter(book, _ZipOfOneMoment(file, at)).save()


class _ZipOfOneMoment(zipfile.ZipFile):
    """Every file in it is of one time; openpyxl would write the clock's."""

    def __init__(self, file: IO[bytes], at: datetime.datetime) -> None:
        super().__init__(file, "w", zipfile.ZIP_DEFLATED)
        self._at = at.timetuple()[:6]

    def open(self, name: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(name, zipfile.ZipInfo):
            name.date_time = self._at
        return super().open(name, *args, **kwargs)


def write_csv(file: IO[bytes], heads: Sequence[str], rows: Iterable[list[Any]]) -> None:
    """UTF-8 with a byte order mark, by which Excel knows it; a cell that begins like a formula is quoted as text."""
    text = TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow(heads)
    writer.writerows([_text(value) for value in row] for row in rows)
    text.detach()


def _text(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value.strftime("%Y-%m-%d %H:%M") if isinstance(value, datetime.datetime) else value


def _width(text: str) -> int:
    """In characters of the spreadsheet's font; one of Chinese is as wide as two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def _head(sheet: Any, head: str) -> WriteOnlyCell:
    cell = WriteOnlyCell(sheet, head)
    cell.font = Font(bold=True)
    return cell


def _cell(sheet: Any, value: Any) -> Any:
    """What others wrote stays text: a name that begins like a formula is none, here or once somebody edits the cell."""
    if isinstance(value, Share):
        return _formatted(sheet, value, PERCENT)
    if isinstance(value, datetime.datetime):
        return _formatted(sheet, value, TO_THE_MINUTE)
    if not isinstance(value, str):
        return value
    text = ILLEGAL_CHARACTERS_RE.sub("", value)
    if not text.startswith(FORMULA_STARTS):
        return text
    cell = WriteOnlyCell(sheet, text)
    cell.data_type, cell.quotePrefix = "s", True
    return cell


def _formatted(sheet: Any, value: Any, number_format: str) -> WriteOnlyCell:
    cell = WriteOnlyCell(sheet, value)
    cell.number_format = number_format
    return cell


def moment(at: datetime.datetime | None) -> datetime.datetime | None:
    """As a clock in Shanghai showed it, to the minute: a spreadsheet knows no time zones."""
    return timezone.localtime(at).replace(second=0, microsecond=0, tzinfo=None) if at else None
