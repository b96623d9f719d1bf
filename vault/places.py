"""The places where bytes lie. A file goes from one to the next by copy, then by its row, and then is removed:
whatever is interrupted leaves at most a copy too many, which the nightly clean-up takes away.

A row never says that bytes lie where a power cut could still undo them: what is copied on disk is on the medium,
with its directories, before `copy` returns. What has only just arrived is not, since an upload would wait for it:
a file that a power cut took before its check is refused by that check, and its uploader told.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard
from uuid import uuid4

from django.conf import settings
from django.core.files.storage import FileSystemStorage, Storage, storages

CHUNK_BYTES = 1024 * 1024
# The folder of checked files.
VAULT = "evidence"
# A copy on its way to its name. What a crash leaves of it, the nightly clean-up removes.
UNFINISHED = ".new"


class ContentChanged(Exception):
    """The bytes are not those whose digest is on record."""


class Unreachable(Exception):
    """A whole place isn't there, such as a disk that is not mounted: nothing can be said of its files."""

    def __init__(self, place: str, reason: object) -> None:
        super().__init__(f"The place “{place}” cannot be reached: {reason}")


class Lying(NamedTuple):
    """An object found in storage. `size` in bytes."""

    path: str
    size: int
    modified_at: datetime


def storage_of(place: str) -> Storage:
    return storages[f"evidence-{place}"]


def served_places() -> list[str]:
    """The places of checked files that this site has: where new ones go first."""
    there = [place for place in ("disk", "s3") if f"evidence-{place}" in settings.STORAGES]
    return sorted(there, key=lambda place: place != settings.EVIDENCE_PLACE)


def vault_path(institution_id: int, sha256: str) -> str:
    """The one path under which an institution's content lies, on disk and on S3."""
    return f"{VAULT}/{institution_id}/{sha256}"


def copy(*, source: tuple[str, str], target: tuple[str, str], sha256: str) -> None:
    """Put the bytes at `source` (place, path) also at `target`, replacing what lies there.

    What was written is read again. Raises FileNotFoundError, and ContentChanged when it is not `sha256`; nothing
    stays at `target` then.
    """
    if _link(source, target):
        return
    _write(source, target)
    if digest(*target) != sha256:
        storage_of(target[0]).delete(target[1])
        raise ContentChanged(f"{source[0]}:{source[1]} has not the digest on record")


def digest(place: str, path: str) -> str:
    """SHA-256 of what lies there, in lower-case hex. Raises FileNotFoundError."""
    sha256 = hashlib.sha256()
    for piece in pieces(place, path):
        sha256.update(piece)
    return sha256.hexdigest()


def pieces(place: str, path: str) -> Iterator[bytes]:
    """The bytes, 1 MB at a time and straight from the storage. Raises FileNotFoundError."""
    storage = storage_of(place)
    with storage.open(path, "rb") as file:
        if _is_disk(storage):
            yield from iter(partial(file.read, CHUNK_BYTES), b"")
        else:  # `read` would first copy the object into a temporary file
            yield from file.obj.get()["Body"].iter_chunks(CHUNK_BYTES)


def walk(place: str, folder: str = "") -> Iterator[Lying]:
    """Everything that lies under the folder. One that isn't there holds nothing."""
    storage = storage_of(place)
    return _walk_disk(storage, folder) if _is_disk(storage) else _walk_s3(storage, folder)


def check_reachable(place: str) -> None:
    """Raises Unreachable when nothing can be read there. Otherwise every file would look lost."""
    try:
        storage = storage_of(place)
        if _is_disk(storage):
            os.scandir(storage.path(VAULT)).close()
        else:
            storage.bucket.meta.client.head_bucket(Bucket=storage.bucket_name)
    except Exception as error:  # whatever a storage raises that is down, refuses, or is not set up
        raise Unreachable(place, error) from error


def _is_disk(storage: Storage) -> TypeGuard[FileSystemStorage]:
    return isinstance(storage, FileSystemStorage)


def _write(source: tuple[str, str], target: tuple[str, str]) -> None:
    storage = storage_of(target[0])
    if _is_disk(storage):
        _write_to_disk(storage, target[1], pieces(*source))
    else:
        with storage_of(source[0]).open(source[1], "rb") as file:
            storage.save(target[1], file)


def _write_to_disk(storage: FileSystemStorage, path: str, content: Iterable[bytes]) -> None:
    """Under its name only once it is whole. Raises OSError, such as for a full disk, and leaves nothing then."""
    fresh, final = _fresh(storage, path)
    try:
        with fresh.open("wb") as file:
            for piece in content:
                file.write(piece)
        fresh.chmod(settings.FILE_UPLOAD_PERMISSIONS)
        _settle(fresh, final, storage)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def _link(source: tuple[str, str], target: tuple[str, str]) -> bool:
    """On one disk a second name is enough. False where it is not one disk."""
    old, new = storage_of(source[0]), storage_of(target[0])
    if not (_is_disk(old) and _is_disk(new)):
        return False
    fresh, final = _fresh(new, target[1])
    try:
        fresh.hardlink_to(old.path(source[1]))
    except FileNotFoundError:
        raise
    except OSError:
        return False
    _settle(fresh, final, new)
    return True


def _fresh(storage: FileSystemStorage, path: str) -> tuple[Path, Path]:
    """A name of one's own beside the final one, and the final one. The directory is there."""
    final = Path(storage.path(path))
    for directory in reversed(_directories(storage, final)):  # one by one: mkdir gives its mode to the last alone
        directory.mkdir(mode=settings.FILE_UPLOAD_DIRECTORY_PERMISSIONS, parents=True, exist_ok=True)
    return final.with_name(f"{final.name}.{uuid4().hex}{UNFINISHED}"), final


def _directories(storage: FileSystemStorage, final: Path) -> list[Path]:
    """From the one that holds it up to the storage's own."""
    return [directory for directory in final.parents if directory.is_relative_to(storage.location)]


def _settle(fresh: Path, final: Path, storage: FileSystemStorage) -> None:
    """Give it its name, with all of it on the medium: the bytes, and the entries of the directories."""
    _sync(fresh)
    fresh.replace(final)
    fresh.unlink(missing_ok=True)  # replacing a name by another one of the same file leaves both
    for directory in _directories(storage, final):
        _sync(directory)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _walk_disk(storage: FileSystemStorage, folder: str) -> Iterator[Lying]:
    root = Path(storage.location)
    for directory, folders, names in os.walk(root / folder):
        folders.sort()
        for name in sorted(names):
            found = Path(directory, name)
            with suppress(FileNotFoundError):  # it has gone meanwhile
                facts = found.stat()
                modified_at = datetime.fromtimestamp(facts.st_mtime, tz=UTC)
                yield Lying(str(found.relative_to(root)), facts.st_size, modified_at)


def _walk_s3(storage: Any, folder: str) -> Iterator[Lying]:
    start = _start(storage)
    try:
        for found in storage.bucket.objects.filter(Prefix=f"{start}{folder}/" if folder else start):
            yield Lying(found.key.removeprefix(start), found.size, found.last_modified)
    except Exception as error:  # whatever boto raises for a service that is down or refuses
        raise Unreachable("s3", error) from error


def stop_unfinished_uploads(place: str, *, before: datetime) -> int:
    """Give up what a crash left half-way into a bucket: parts that are no object yet take room. Returns how many."""
    storage: Any = storage_of(place)
    if _is_disk(storage):
        return 0
    uploads = storage.bucket.multipart_uploads.filter(Prefix=_start(storage))
    old = [upload for upload in uploads if upload.initiated < before]
    for upload in old:
        upload.abort()
    return len(old)


def _start(storage: Any) -> str:
    """How the keys of this site begin in the bucket."""
    return f"{storage.location}/" if storage.location else ""
