"""An extract as a page shows it: as much as a browser bears, and a word that there is more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vault.models import Extract, StoredFile

# A page of so many cells is still drawn at once; the text of an extract is bounded where it is taken.
CELLS_SHOWN = 20_000


@dataclass(frozen=True)
class Reading:
    """`blocks` are those of an Extract; `is_cut` says that the document goes on."""

    blocks: list[dict[str, Any]]
    is_cut: bool


def reading_of(stored: StoredFile) -> Reading | None:
    """What can be read of a file that passed its checks; None when nothing was taken from it."""
    if not stored.is_clean:
        return None
    extract = Extract.objects.filter(stored=stored).only("blocks", "is_cut").first()
    if not extract or not extract.blocks:
        return None
    blocks, is_whole = _shown(extract.blocks)
    return Reading(blocks, extract.is_cut or not is_whole)


def _shown(blocks: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], bool]:
    """The blocks up to the last cell that is shown, and whether these are all."""
    shown: list[dict[str, Any]] = []
    left = CELLS_SHOWN
    for block in blocks:
        if block["kind"] == "table":
            rows = []
            for row in block["rows"]:
                left -= len(row)
                if left < 0:
                    return [*shown, {**block, "rows": rows}], False
                rows.append(row)
        shown.append(block)
    return shown, True
