from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

from docx.document import Document
from docx.opc.part import PartFactory
from docx.package import Package
from docx.parts.document import DocumentPart
from docx.table import Table

# The library refuses those, though nothing else about them differs.
WITH_MACROS = "application/vnd.ms-word.document.macroEnabled.main+xml"
PartFactory.part_type_for[WITH_MACROS] = DocumentPart


def blocks(file: IO[bytes]) -> Iterator[dict[str, Any]]:
    """Paragraphs and tables in the document's order; neighbouring paragraphs are one block."""
    lines: list[str] = []
    for item in _document(file).iter_inner_content():
        if not isinstance(item, Table):
            lines.append(item.text)
            continue
        yield _paragraphs(lines)
        lines = []
        yield {"kind": "table", "name": "", "rows": [[cell.text for cell in row.cells] for row in item.rows]}
    yield _paragraphs(lines)


def _document(file: IO[bytes]) -> Document:
    return Package.open(file).main_document_part.document


def _paragraphs(lines: list[str]) -> dict[str, Any]:
    return {"kind": "text", "text": "\n".join(line for line in lines if line.strip())}
