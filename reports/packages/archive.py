"""The zip itself: written piece by piece, with the digests of every file in it. Nothing is ever whole in memory."""

from __future__ import annotations

import datetime
import hashlib
import zipfile
from collections.abc import Iterable
from typing import IO, NamedTuple, Self

from portal.audit.canonical import Digests
from vault.places import CHUNK_BYTES

# What is compressed already is stored as it is.
COMPRESSIBLE = ("text/", "application/msword", "application/vnd.ms-")
SHA256SUMS = "SHA256SUMS"
SM3SUMS = "SM3SUMS"


class Entry(NamedTuple):
    path: str
    digests: Digests


class Archive:
    """A zip in `file`; `entries` are its files so far. Files over 4 GB and names in Chinese are fine (zip64, UTF-8)."""

    def __init__(self, file: IO[bytes], at: datetime.datetime) -> None:
        self._zip = zipfile.ZipFile(file, "w")
        self._at = at.timetuple()[:6]
        self.entries: list[Entry] = []

    def add(self, path: str, pieces: Iterable[bytes], size: int, *, is_stored: bool = False) -> Digests:
        """Write a file of `size` bytes, and say what was written."""
        info = zipfile.ZipInfo(path, self._at)
        info.compress_type = zipfile.ZIP_STORED if is_stored else zipfile.ZIP_DEFLATED
        info.external_attr = 0o644 << 16
        info.file_size = size
        sha256, sm3 = hashlib.sha256(), hashlib.new("sm3")
        with self._zip.open(info, "w") as target:
            for piece in pieces:
                target.write(piece)
                sha256.update(piece)
                sm3.update(piece)
        written = Digests(sha256.hexdigest(), sm3.hexdigest())
        self.entries.append(Entry(path, written))
        return written

    def add_bytes(self, path: str, content: bytes) -> Digests:
        return self.add(path, [content], len(content))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error: type[BaseException] | None, *_rest: object) -> None:
        """End the zip with the lists of digests. The list of SHA-256 covers that of SM3."""
        with self._zip:
            if error is None:
                self.add_bytes(SM3SUMS, _sums((entry.path, entry.digests.sm3) for entry in self.entries))
                self.add_bytes(SHA256SUMS, _sums((entry.path, entry.digests.sha256) for entry in self.entries))


def measure(file: IO[bytes]) -> tuple[int, Digests]:
    """Size in bytes and digests of a file, which is left at its start."""
    sha256, sm3, size = hashlib.sha256(), hashlib.new("sm3"), 0
    file.seek(0)
    while piece := file.read(CHUNK_BYTES):
        sha256.update(piece)
        sm3.update(piece)
        size += len(piece)
    file.seek(0)
    return size, Digests(sha256.hexdigest(), sm3.hexdigest())


def is_compressed(content_type: str) -> bool:
    return not content_type.startswith(COMPRESSIBLE)


def _sums(lines: Iterable[tuple[str, str]]) -> bytes:
    """As `sha256sum -b` and `openssl dgst -r` write them."""
    return "".join(f"{digest} *{path}\n" for path, digest in lines).encode()
