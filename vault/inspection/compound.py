"""Office documents of old, which are compound files: macros, passwords, damage."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import IO

from xlrd.compdoc import CompDoc, CompDocError

from vault.inspection.problem import Problem

MACROS = "macros"
VBA_STORAGE = "_VBA_PROJECT"
WORD_MAGIC, WORD_ENCRYPTED = 0xA5EC, 0x0100
BOOK_ENCRYPTED = 0x2F  # the record FILEPASS
BOOK_RECORDS = 20  # within which it stands
SLIDES_ENCRYPTED = b"\xdf\xc4\xd1\xf3"  # in the stream of the current user


def inspect(file: IO[bytes]) -> set[str]:
    """Flags of a doc, xls or ppt of old. Raises Problem."""
    try:
        compound = CompDoc(file.read(), logfile=io.StringIO(), ignore_workbook_corruption=True)
        if _is_encrypted(compound):
            raise Problem("encrypted")
    except (CompDocError, AssertionError, IndexError, ValueError, struct.error, RecursionError) as error:
        raise Problem("damaged") from error
    return {MACROS} if any(node.name.startswith(VBA_STORAGE) for node in compound.dirlist) else set()


def _is_encrypted(compound: CompDoc) -> bool:
    names = {node.name for node in compound.dirlist}
    if "EncryptedPackage" in names or "EncryptedSummary" in names:
        return True
    if word := _start(compound, "WordDocument"):
        magic, flags = struct.unpack_from("<H", word)[0], struct.unpack_from("<H", word, 10)[0]
        return magic == WORD_MAGIC and bool(flags & WORD_ENCRYPTED)
    if book := _start(compound, "Workbook") or _start(compound, "Book"):
        return BOOK_ENCRYPTED in _records(book)
    return SLIDES_ENCRYPTED in _start(compound, "Current User")[:20]


def _start(compound: CompDoc, name: str) -> bytes:
    content, begin, length = compound.locate_named_stream(name)
    return bytes(content[begin : begin + min(length, 4096)]) if content else b""


def _records(book: bytes) -> Iterator[int]:
    at = 0
    for _number in range(BOOK_RECORDS):
        if at + 4 > len(book):
            return
        kind, length = struct.unpack_from("<HH", book, at)
        yield kind
        at += 4 + length
