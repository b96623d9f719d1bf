from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from itertools import islice
from typing import IO, Any

from vault.extraction.tables import COLUMNS_MAX, ROWS_MAX, as_table
from vault.file_types import HEAD_BYTES, text_encoding

# Room for 200,000 characters in any encoding.
BYTES_MAX = 1_000_000


def blocks(file: IO[bytes]) -> Iterator[dict[str, Any]]:
    yield {"kind": "text", "text": _decoded(file)}


def table(file: IO[bytes]) -> Iterator[dict[str, Any]]:
    text = _decoded(file)
    try:
        dialect: Any = csv.Sniffer().sniff(text[:5000], delimiters=",;\t")
    except csv.Error:
        dialect = csv.excel
    rows = csv.reader(text.splitlines(), dialect)
    yield as_table("", (row[: COLUMNS_MAX + 1] for row in islice(rows, ROWS_MAX + 1)))


def _decoded(file: IO[bytes]) -> str:
    head = file.read(BYTES_MAX)
    encoding = text_encoding(head[:HEAD_BYTES]) or "utf-8"
    return codecs.getincrementaldecoder(encoding)("replace").decode(head)
