from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import IO, Any

from vault.inspection.pdf import open_pdf


def blocks(file: IO[bytes]) -> Iterator[dict[str, Any]]:
    """The text of each page; a scanned page has none."""
    for page in open_pdf(file).pages:
        with suppress(Exception):  # one broken page does not take the others with it
            yield {"kind": "text", "text": page.extract_text()}
