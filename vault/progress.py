"""How far a long command has come: one line on a terminal that is written over, nothing anywhere else."""

from __future__ import annotations

import sys
import time

from django.template.defaultfilters import filesizeformat
from django.utils import translation

EVERY_SECONDS = 0.2


class Progress:
    """Counts objects and bytes, of so many."""

    def __init__(self, objects: int, size: int) -> None:
        self.objects = self.size = 0
        self._all = f"of {objects:,} objects, {{}} of {in_bytes(size)}"
        self._shown_at = 0.0

    def add(self, size: int) -> None:
        self.objects, self.size = self.objects + 1, self.size + size
        if sys.stderr.isatty() and time.monotonic() - self._shown_at > EVERY_SECONDS:
            self._shown_at = time.monotonic()
            self._write(f"{self.objects:,} {self._all.format(in_bytes(self.size))}")

    def end(self) -> None:
        if self._shown_at:
            self._write("")

    def _write(self, line: str) -> None:
        sys.stderr.write(f"\r\x1b[K{line}")
        sys.stderr.flush()


def in_bytes(size: int) -> str:
    with translation.override("en"):
        return filesizeformat(size).replace("\xa0", " ")
