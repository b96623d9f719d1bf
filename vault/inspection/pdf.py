"""PDF: can it be opened, and does it do anything of its own?"""

from __future__ import annotations

from typing import IO, Any

from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, NameObject

from vault.inspection.problem import Problem

SCRIPTS = "scripts"
ACTIONS = frozenset({"/JavaScript", "/Launch", "/ImportData", "/Rendition", "/GoToE", "/EmbeddedFile"})
FILES_AND_SCRIPTS = frozenset({"/JS", "/EF", "/EmbeddedFiles"})
NESTING_MAX = 50
# The reader remembers every object it has read, with its bytes.
OBJECTS_KEPT = 500


def open_pdf(file: IO[bytes]) -> PdfReader:
    """Raises Problem for one that needs a password, or that has no pages to show."""
    try:
        reader = PdfReader(file)
        if reader.is_encrypted and not reader.decrypt(""):
            raise Problem("encrypted")
        pages = len(reader.pages)
    except Problem:
        raise
    except Exception as error:  # whatever a parser makes of broken bytes
        raise Problem("damaged") from error
    if not pages:
        raise Problem("damaged")
    return reader


def inspect(file: IO[bytes]) -> set[str]:
    """Flags. Every object is looked at, for an action may hide anywhere. Raises Problem."""
    reader = open_pdf(file)
    return {SCRIPTS} if any(_acts(_object(reader, number), 0) for number in _numbers(reader)) else set()


def _numbers(reader: PdfReader) -> set[tuple[int, int]]:
    plain = {(number, generation) for generation, table in reader.xref.items() for number in table}
    return plain | {(number, 0) for number in reader.xref_objStm}


def _object(reader: PdfReader, number: tuple[int, int]) -> Any:
    if len(reader.resolved_objects) > OBJECTS_KEPT:
        reader.resolved_objects.clear()
    try:
        return reader.get_object(IndirectObject(*number, reader))
    except Exception:  # one broken object is nothing to a reader of the document
        return None


def _acts(value: Any, depth: int) -> bool:
    """Whether it holds an action that runs or opens something, or a file."""
    if depth > NESTING_MAX:
        return True
    if isinstance(value, DictionaryObject):
        return not FILES_AND_SCRIPTS.isdisjoint(value) or any(_acts(item, depth + 1) for item in value.values())
    if isinstance(value, ArrayObject):
        return any(_acts(item, depth + 1) for item in value)
    return isinstance(value, NameObject) and value in ACTIONS
