"""A file that comes in piece by piece: `<id>.part` in the incoming place. Its length is how far it has come.

One request at a time writes to it: it holds a lock on the file, which ends with the request or its process.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol
from uuid import UUID

from vault.enums import Place
from vault.places import CHUNK_BYTES, storage_of

SUFFIX = ".part"
# What the system says when a disk is full, or somebody's share of it is.
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


class Busy(Exception):
    """Another request is writing to this file."""


class WrongOffset(Exception):
    """The piece does not begin where the file ends."""


class Damaged(Exception):
    """The piece is not the one whose digest came with it; nothing of it is kept."""


class Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Part:
    """What has arrived, held by this request."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    @property
    def length(self) -> int:
        return os.fstat(self._descriptor).st_size

    def append(self, stream: Stream, *, at: int, room: int, sha256: bytes | None = None) -> int:
        """Write what the stream holds, at most `room` bytes, from `at` on; what lay behind is dropped.

        Returns how many bytes were written. A connection that is cut ends the stream or raises OSError: what came
        before is kept, unless a digest came with the piece. Raises WrongOffset and Damaged.
        """
        if at > self.length:
            raise WrongOffset
        os.ftruncate(self._descriptor, at)
        os.lseek(self._descriptor, at, os.SEEK_SET)
        digest = hashlib.sha256() if sha256 else None
        is_sound, written = False, 0
        try:
            while piece := stream.read(min(CHUNK_BYTES, room - written)):
                _write(self._descriptor, piece)
                written += len(piece)
                if digest:
                    digest.update(piece)
            is_sound = not digest or digest.digest() == sha256
        finally:
            if digest and not is_sound:
                os.ftruncate(self._descriptor, at)
        if not is_sound:
            raise Damaged
        return written

    def share(self, path: Path) -> None:
        """Put the bytes under a second name; where the file system has none, as a copy."""
        try:
            path.hardlink_to(self.path)
        except OSError as error:
            if error.errno in NO_ROOM:
                raise
            shutil.copyfile(self.path, path)


def _write(descriptor: int, piece: bytes) -> None:
    """A nearly full disk takes a part of what it is given, and fails at the next."""
    rest = memoryview(piece)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def path_of(key: UUID) -> Path:
    return Path(storage_of(Place.INCOMING).path(f"{key}{SUFFIX}"))


def begin(key: UUID) -> None:
    path = path_of(key)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)


def length_of(key: UUID) -> int:
    """Bytes that have arrived. Raises FileNotFoundError."""
    return path_of(key).stat().st_size


@contextmanager
def held(key: UUID) -> Iterator[Part]:
    """The file, to write to. Raises Busy, and FileNotFoundError when it is gone."""
    path = path_of(key)
    descriptor = os.open(path, os.O_RDWR)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            raise Busy from taken
        path.stat()  # whoever held it before may have finished it
        yield Part(path, descriptor)
    finally:
        os.close(descriptor)


def remove(key: UUID) -> None:
    path_of(key).unlink(missing_ok=True)


def all_parts() -> Iterator[Path]:
    folder = Path(storage_of(Place.INCOMING).path(""))
    return folder.glob(f"*{SUFFIX}") if folder.exists() else iter(())
