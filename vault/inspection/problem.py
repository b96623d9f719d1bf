from __future__ import annotations

from dataclasses import dataclass, field


class Problem(Exception):
    """Why a file may not pass: a value of `vault.enums.Finding`, and what it was found in or by."""

    def __init__(self, finding: str, detail: str = "") -> None:
        super().__init__(finding, detail)
        self.finding, self.detail = finding, detail


@dataclass
class Budget:
    """How much an archive may unpack to, counted over all archives inside of it; sizes in bytes.

    `file_bytes` is the largest single file that may be evidence, so also the largest entry: what the malware
    scanner is set up for.
    """

    file_bytes: int
    total_bytes: int = 2 * 1024**3
    entries: int = 2000
    depth: int = 3
    ratio: int = 100
    # What unpacks to no more than this is no bomb: blank scans and tables of zeros shrink to a thousandth.
    free_bytes: int = 64 * 1024**2
    packed_bytes: int = 0
    unpacked_bytes: int = field(default=0, init=False)
    entries_seen: int = field(default=0, init=False)

    def take_entry(self, name: str) -> None:
        self.entries_seen += 1
        if self.entries_seen > self.entries:
            raise Problem("archive_limits", name)

    def take_bytes(self, number: int, *, of_entry: int, name: str) -> None:
        self.unpacked_bytes += number
        most = min(self.total_bytes, max(self.ratio * self.packed_bytes, self.free_bytes))
        if of_entry > self.file_bytes or self.unpacked_bytes > most:
            raise Problem("archive_limits", name)
