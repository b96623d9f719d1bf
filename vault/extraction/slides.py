from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO, Any

from pptx import Presentation


def blocks(file: IO[bytes]) -> Iterator[dict[str, Any]]:
    """Of each slide its text, then its tables, then the speaker's notes."""
    for slide in Presentation(file).slides:
        shapes = list(_all_shapes(slide.shapes))
        lines = [shape.text_frame.text for shape in shapes if shape.has_text_frame]
        yield {"kind": "text", "text": "\n".join(line for line in lines if line.strip())}
        for shape in shapes:
            if shape.has_table:
                rows = [[cell.text for cell in row.cells] for row in shape.table.rows]
                yield {"kind": "table", "name": "", "rows": rows}
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame:
            yield {"kind": "text", "text": slide.notes_slide.notes_text_frame.text}


def _all_shapes(shapes: Iterable[Any]) -> Iterator[Any]:
    """Those of groups too."""
    for shape in shapes:
        if hasattr(shape, "shapes"):
            yield from _all_shapes(shape.shapes)
        else:
            yield shape
