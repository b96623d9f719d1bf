"""python -m vault.inspection PATH CONTENT_TYPE LARGEST_FILE_BYTES

Prints two lines of JSON: what is inside, and what it says. A document that brings the process down costs the
second line, or both; `vault/sandbox.py` knows what that means.
"""

from __future__ import annotations

import json
import logging
import resource
import sys
from pathlib import Path
from typing import Any

from django.conf import settings

from vault.inspection.problem import Budget, Problem

MEMORY_BYTES = 1536 * 1024**2
CPU_SECONDS = 120
# The largest temporary file: an archive inside of an archive.
FILE_BYTES = 2 * 1024**3


def main(path: str, content_type: str, largest: str) -> None:
    _limit()
    settings.configure(USE_I18N=False)
    from vault.extraction import extract
    from vault.inspection.content import inspect

    with Path(path).open("rb") as file:
        size = Path(path).stat().st_size
        try:
            flags = inspect(file, content_type, Budget(file_bytes=int(largest), packed_bytes=size))
        except Problem as problem:
            _tell({"finding": problem.finding, "detail": problem.detail, "flags": []})
            return
        _tell({"finding": "", "detail": "", "flags": sorted(flags)})
        file.seek(0)
        _tell(extract(file, content_type))


def _limit() -> None:
    logging.disable()
    for what, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def _tell(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
