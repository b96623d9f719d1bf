"""Office Open XML and OFD, which are zips of XML: macros and damage."""

from __future__ import annotations

from typing import IO

from vault.inspection.archives import entries, open_zip
from vault.inspection.problem import Budget, Problem

MACROS = "macros"
# A document of many slides and pictures has more parts than an archive may have entries.
PARTS_MAX = 20_000


def inspect(file: IO[bytes], budget: Budget) -> set[str]:
    """Flags; every part is unpacked, so damage is found. Raises Problem."""
    with open_zip(file) as archive:
        if len(archive.infolist()) > PARTS_MAX:
            raise Problem("archive_limits")
        names = [name.lower() for name, _content in entries(archive, budget)]
    return {MACROS} if any(name.endswith("vbaproject.bin") for name in names) else set()
