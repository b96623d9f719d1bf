"""Untrusted documents are read in a process of their own: it has limits, no secrets, and nothing to lose.

A document that brings it down is damaged for us, or has no text; it costs no worker.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings

from vault.enums import Finding

SECONDS = 180
DETAIL_MAX = 300


class Answer(NamedTuple):
    """`finding` is empty for a file that may pass; `extract` holds fields of an Extract, none when there is no text."""

    finding: str
    detail: str
    flags: list[str]
    extract: dict[str, Any]


def examine(path: Path, content_type: str) -> Answer:
    """What is inside of the file, and what it says."""
    lines = _answer(path, content_type)
    if not lines:
        return Answer(Finding.DAMAGED, "", [], {})
    inside = json.loads(lines[0])
    extract = json.loads(lines[1]) if len(lines) > 1 else {}
    return Answer(inside["finding"], _visible(inside["detail"]), inside["flags"], extract)


def _visible(detail: str) -> str:
    """A name out of an archive, as people may see it: neither PostgreSQL nor a page takes all that it may hold."""
    return "".join(character if character.isprintable() else "\ufffd" for character in detail[:DETAIL_MAX])


def _answer(path: Path, content_type: str) -> list[str]:
    """The whole lines of the answer, as far as the process came."""
    line = [sys.executable, "-m", "vault.inspection", str(path), content_type, str(settings.EVIDENCE_MAX_BYTES)]
    process = subprocess.Popen(
        line,
        cwd=settings.BASE_DIR,
        env={"PATH": os.defpath, "LANG": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        output, _errors = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        output, _errors = process.communicate()
    except BaseException:
        process.kill()
        raise
    return [line for line in output.decode().splitlines(keepends=True) if line.endswith("\n")]
