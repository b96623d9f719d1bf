"""The places where bytes lie. A file goes from one to the next by copy, then by its row, and then is removed:
whatever is interrupted leaves at most a copy too many, which the nightly clean-up takes away.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, Storage, storages

CHUNK_BYTES = 1024 * 1024


class ContentChanged(Exception):
    """The bytes are not those whose digest is on record."""


def storage_of(place: str) -> Storage:
    return storages[f"evidence-{place}"]


def copy(*, source: tuple[str, str], target: tuple[str, str], sha256: str) -> None:
    """Put the bytes at `source` (place, path) also at `target`, replacing what lies there.

    Raises FileNotFoundError, and ContentChanged when what was read is not `sha256`; nothing stays at `target` then.
    """
    if _link(source, target):
        return
    (place, path), (new_place, new_path) = source, target
    storage = storage_of(new_place)
    with storage_of(place).open(path, "rb") as file:
        reading = _Digesting(file)
        if storage.exists(new_path):
            storage.delete(new_path)
        storage.save(new_path, reading)
    if reading.sha256 != sha256:
        storage.delete(new_path)
        raise ContentChanged(path)


def _link(source: tuple[str, str], target: tuple[str, str]) -> bool:
    """On one disk a second name is enough. False where it is not one disk."""
    old, new = storage_of(source[0]), storage_of(target[0])
    if not (isinstance(old, FileSystemStorage) and isinstance(new, FileSystemStorage)):
        return False
    old_path, new_path = Path(old.path(source[1])), Path(new.path(target[1]))
    new_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = new_path.with_name(f"{new_path.name}.{os.getpid()}.new")
    try:
        fresh.unlink(missing_ok=True)
        fresh.hardlink_to(old_path)
    except FileNotFoundError:
        raise
    except OSError:
        return False
    fresh.replace(new_path)
    return True


class _Digesting(File):
    """A file that digests what is read from it, once, from its start to its end."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file)
        self._digest = hashlib.sha256()

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        while chunk := self.read(chunk_size or CHUNK_BYTES):
            yield chunk

    def read(self, size: int = -1) -> bytes:
        chunk = self.file.read(size)
        self._digest.update(chunk)
        return chunk

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()
