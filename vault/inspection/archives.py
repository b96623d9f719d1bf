"""Zips: unpacked within limits, by what really comes out of them and never by what they declare."""

from __future__ import annotations

import re
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import SpooledTemporaryFile
from typing import IO

from vault.inspection.problem import Budget, Problem

CHUNK_BYTES = 256 * 1024
IN_MEMORY_BYTES = 8 * 1024**2
DRIVE = re.compile(r"[A-Za-z]:")
# They make a name read as another one: right-to-left and left-to-right overrides, embeddings and isolates.
TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)
# What macOS and Windows put into zips on their own, told by its content as well.
LEFT_BY_SYSTEMS = ((".DS_Store", b"\0\0\0\1Bud1"), ("__MACOSX/", b"\0\5\x16\7"))


def open_zip(file: IO[bytes]) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except BROKEN as error:
        raise Problem("damaged") from error


def entries(archive: zipfile.ZipFile, budget: Budget) -> Iterator[tuple[str, IO[bytes]]]:
    """Name and content of each file in the archive, unpacked and whole. Raises Problem."""
    for info in archive.infolist():
        name = entry_name(info)
        if is_unsafe(name) or stat.S_ISLNK(info.external_attr >> 16):
            raise Problem("unsafe_names", name)
        if info.flag_bits & 0x1:
            raise Problem("encrypted", name)
        if not info.is_dir():
            with _unpacked(archive, info, name, budget) as content:
                yield name, content


def entry_name(info: zipfile.ZipInfo) -> str:
    """The name as it was meant: without the mark for UTF-8, Chinese programs write GB 18030."""
    if info.flag_bits & 0x800:
        return info.orig_filename
    try:
        return info.orig_filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return info.orig_filename


def is_unsafe(name: str) -> bool:
    """Whether unpacking could write elsewhere, or the name shows as another one."""
    path = name.replace("\\", "/")
    if path.startswith("/") or DRIVE.match(path) or ".." in path.split("/"):
        return True
    return any(character in TURNING or unicodedata.category(character) == "Cc" for character in name)


def is_left_by_system(name: str, content: IO[bytes]) -> bool:
    head = content.read(8)
    content.seek(0)
    return any(mark in name and head.startswith(start) for mark, start in LEFT_BY_SYSTEMS)


@contextmanager
def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, budget: Budget) -> Iterator[IO[bytes]]:
    with SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as content:
        try:
            with archive.open(info) as entry:
                while chunk := entry.read(CHUNK_BYTES):
                    content.write(chunk)
                    budget.take_bytes(len(chunk), of_entry=content.tell(), name=name)
        except BROKEN as error:
            raise Problem("damaged", name) from error
        content.seek(0)
        yield content
