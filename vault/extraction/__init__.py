"""What a document says, as plain text and tables. Runs beside `vault/inspection`, away from the portal."""

from __future__ import annotations

import time
from collections.abc import Iterator
from importlib import import_module
from typing import IO, Any

from vault import file_types as types

CHARACTERS_MAX = 200_000
SECONDS_MAX = 60

Block = dict[str, Any]

# Module and function; each process reads one document, so it imports one library. Nothing reads the old Word and
# PowerPoint, and WPS: of those there is no text.
READERS = {
    types.PDF: ("pdf", "blocks"),
    types.DOCX: ("word", "blocks"),
    types.DOCM: ("word", "blocks"),
    types.XLSX: ("sheets", "blocks"),
    types.XLSM: ("sheets", "blocks"),
    types.XLS: ("old_sheets", "blocks"),
    types.PPTX: ("slides", "blocks"),
    types.PPTM: ("slides", "blocks"),
    types.OFD: ("ofd", "blocks"),
    types.TEXT: ("texts", "blocks"),
    types.CSV: ("texts", "table"),
    types.ZIP: ("archives", "blocks"),
}


def extract(file: IO[bytes], content_type: str) -> dict[str, Any]:
    """The fields `blocks`, `text` and `is_cut` of an Extract: as much as there is room and time for."""
    deadline = time.monotonic() + SECONDS_MAX
    taken: list[Block] = []
    room = CHARACTERS_MAX
    is_cut = False
    for block in _read(file, content_type):
        if room <= 0 or time.monotonic() > deadline:
            is_cut = True
            break
        is_cut |= block.pop("is_cut", False)
        block, room = _cut(block, room)
        if block.get("text") or block.get("rows"):
            taken.append(block)
    return {"blocks": taken, "text": "\n".join(map(_text, taken)), "is_cut": is_cut or room < 0}


def _read(file: IO[bytes], content_type: str) -> Iterator[Block]:
    """Blocks as a reader gives them: a table also says whether it left out rows or columns (`is_cut`)."""
    reader = READERS.get(types.BY_CONTENT_TYPE[content_type])
    if reader is None:
        return iter(())
    module, function = reader
    return getattr(import_module(f"vault.extraction.{module}"), function)(file)


def _cut(block: Block, room: int) -> tuple[Block, int]:
    """The block as far as there is room, in characters that PostgreSQL takes; and the room left, negative if cut."""
    if block["kind"] == "text":
        text = _plain(block["text"]).strip()
        return {**block, "text": text[:room]}, room - len(text)
    rows = []
    for row in block["rows"]:
        cells = [_plain(cell) for cell in row]
        room -= sum(map(len, cells)) + len(cells)  # an empty cell takes room, too
        if room < 0:
            break
        rows.append(cells)
    return {**block, "name": _plain(block["name"]), "rows": rows}, room


def _plain(text: str) -> str:
    """Without NUL and other control characters, and without halves of characters."""
    visible = "".join(c for c in text if c >= " " or c in "\n\t")
    return visible.encode("utf-8", "ignore").decode()


def _text(block: Block) -> str:
    if block["kind"] == "text":
        return block["text"]
    return "\n".join("\t".join(row) for row in block["rows"])
