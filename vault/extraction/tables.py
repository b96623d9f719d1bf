"""Tables, as they are stored and shown."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any

ROWS_MAX = 2000
COLUMNS_MAX = 50


def as_table(name: str, rows: Iterable[list[str]]) -> dict[str, Any]:
    """A table without its empty end of rows and columns, marked when it went on."""
    filled = [_without_empty_end(row) for row in rows]
    while filled and not filled[-1]:
        filled.pop()
    is_cut = len(filled) > ROWS_MAX or any(len(row) > COLUMNS_MAX for row in filled)
    kept = [row[:COLUMNS_MAX] for row in filled[:ROWS_MAX]]
    width = max(map(len, kept), default=0)
    return {
        "kind": "table",
        "name": name,
        "rows": [row + [""] * (width - len(row)) for row in kept],
        "is_cut": is_cut,
    }


def _without_empty_end(row: list[str]) -> list[str]:
    while row and not row[-1]:
        row.pop()
    return row


def shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, datetime):
        return value.isoformat(" ") if value.time() != time() else value.date().isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)
