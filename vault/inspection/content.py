"""The one way into the inspectors: which of them has the bytes, at the top and inside of an archive.

An inspector is imported when it is needed, since its library takes as long to import as a document to read.
"""

from __future__ import annotations

from typing import IO

from vault import file_types as types
from vault.inspection import archives
from vault.inspection.problem import Budget, Problem


def inspect(file: IO[bytes], content_type: str, budget: Budget) -> set[str]:
    """The flags of a file of that type. Raises Problem, also when the content is of another type."""
    found = types.find_out(file)
    if found.encrypted:
        raise Problem("encrypted")
    if content_type not in {kind.content_type for kind in found.types}:
        raise Problem("type")
    return _inspect(file, content_type, budget, depth=1)


def _inspect(file: IO[bytes], content_type: str, budget: Budget, depth: int) -> set[str]:
    if content_type == types.ZIP.content_type:
        return _inspect_zip(file, budget, depth)
    if content_type.startswith("image/"):
        from vault.inspection import images

        return images.inspect(file, content_type)
    if content_type == types.PDF.content_type:
        from vault.inspection import pdf

        return pdf.inspect(file)
    if types.BY_CONTENT_TYPE[content_type] in (*types.OPEN_XML, types.OFD):
        from vault.inspection import office

        return office.inspect(file, budget)
    if types.BY_CONTENT_TYPE[content_type] in (types.DOC, types.XLS, types.PPT):
        from vault.inspection import compound

        return compound.inspect(file)
    return set()


def _inspect_zip(file: IO[bytes], budget: Budget, depth: int) -> set[str]:
    if depth > budget.depth:
        raise Problem("archive_limits")
    flags: set[str] = set()
    with archives.open_zip(file) as archive:
        for name, content in archives.entries(archive, budget):
            budget.take_entry(name)
            if not archives.is_left_by_system(name, content):
                flags |= _inspect_entry(content, name, budget, depth)
    return flags


def _inspect_entry(content: IO[bytes], name: str, budget: Budget, depth: int) -> set[str]:
    found = types.find_out(content)
    if not found.types:
        raise Problem("encrypted" if found.encrypted else "nested", name)
    try:
        return _inspect(content, found.types[0].content_type, budget, depth + 1)
    except Problem as problem:
        detail = f"{name} / {problem.detail}" if problem.detail else name
        raise Problem(problem.finding, detail) from problem
