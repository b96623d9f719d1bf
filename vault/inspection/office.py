"""Office Open XML and OFD, which are zips of XML: macros and damage."""

from __future__ import annotations

from typing import IO

from vault.inspection.archives import entries, open_zip
from vault.inspection.problem import Budget

MACROS = "macros"


def inspect(file: IO[bytes], budget: Budget) -> set[str]:
    """Flags; every part is unpacked, so damage is found. Raises Problem."""
    with open_zip(file) as archive:
        names = [name.lower() for name, _content in entries(archive, budget)]
    return {MACROS} if any(name.endswith("vbaproject.bin") for name in names) else set()
