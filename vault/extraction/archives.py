from __future__ import annotations

import zipfile
from collections.abc import Iterator
from typing import IO, Any

from vault.inspection.archives import entry_name


def blocks(file: IO[bytes]) -> Iterator[dict[str, Any]]:
    """What is in the archive, by name."""
    with zipfile.ZipFile(file) as archive:
        names = [entry_name(info) for info in archive.infolist() if not info.is_dir()]
    yield {"kind": "text", "text": "\n".join(names)}
