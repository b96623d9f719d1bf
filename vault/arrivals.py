"""Files that have come in: their name, what they are, and their bytes put aside.

What is told here is told at once, beside the field. All that takes longer is a worker's (`vault/checking.py`).
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
import uuid
from pathlib import Path, PurePath
from typing import NamedTuple

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from vault.enums import Place
from vault.file_types import BY_EXTENSION, FileType, Found, find_out
from vault.parts import NO_ROOM, Part
from vault.places import CHUNK_BYTES, storage_of
from vault.upload_handlers import UnkeptFile

NAME_MAX = 255
SPACE_WITHIN_CHINESE = re.compile(r"(?<=[\u4e00-\u9fff（]) (?=[\u4e00-\u9fff])")


class Arrival(NamedTuple):
    """What has come in and lies at `path` in the incoming place. `size` in bytes, the digest in lower-case hex."""

    name: str
    content_type: str
    size: int
    sha256: str
    path: str

    def discard(self) -> None:
        storage_of(Place.INCOMING).delete(self.path)


def take_in(file: File) -> Arrival:
    """Look at an upload, put its bytes aside and digest them.

    Raises ValidationError, in words for the person who chose the file; nothing is put aside then.
    """
    name, kind = inspect(file)
    sha256 = _sha256(file)
    try:
        path = storage_of(Place.INCOMING).save(uuid.uuid4().hex, file)
    except OSError as error:
        if error.errno in NO_ROOM:
            raise no_room(name) from error
        raise
    return Arrival(name, kind.content_type, file.size, sha256, path)


def adopt(part: Part, name: str) -> Arrival:
    """Make an arrival of what came in piece by piece; the bytes get a second name.

    Raises ValidationError, in words for the person who chose the file.
    """
    with part.path.open("rb") as opened:
        file = File(opened, name=name)
        name, kind = inspect(file)
        sha256 = _sha256(file)
        path = uuid.uuid4().hex
        part.share(Path(storage_of(Place.INCOMING).path(path)))
        return Arrival(name, kind.content_type, file.size, sha256, path)


def inspect(file: File) -> tuple[str, FileType]:
    """The clean name, and the type by content; leaves the file at its start.

    Raises ValidationError, in words for the person who chose the file.
    """
    name = announced(file.name or "", file.size)
    if isinstance(file, UnkeptFile):
        raise no_room(name)
    return name, _agreed_type(name, find_out(file))


def announced(name: str, size: int) -> str:
    """The clean name of a file of `size` bytes. Raises ValidationError for what need not be sent at all."""
    name = clean_name(name)
    if size > settings.EVIDENCE_MAX_BYTES:
        limit = filesizeformat(settings.EVIDENCE_MAX_BYTES)
        message = _("文件“%(name)s”超过 %(limit)s 的上限，未上传。请压缩或拆分后再上传。")
        raise _refused(message, name, code="too_large", limit=limit)
    if not size:
        raise _refused(_("文件“%(name)s”是空文件（0 字节），未上传。请检查后重新选择。"), name)
    return name


def clean_name(name: str) -> str:
    """A file name for people to read: no path, no control or invisible characters, at most 255 characters."""
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    visible = "".join(
        character for character in base if character.isspace() or unicodedata.category(character)[0] != "C"
    )
    readable = unicodedata.normalize("NFC", " ".join(visible.split())).strip(" .")
    suffix = PurePath(readable).suffix[:20]
    stem = readable[: len(readable) - len(suffix)] if suffix else readable
    return (stem[: NAME_MAX - len(suffix)] + suffix) or _("未命名")


def _agreed_type(name: str, found: Found) -> FileType:
    """The type that content and extension agree on."""
    extension = PurePath(name).suffix.lower().lstrip(".")
    agreed = next((kind for kind in found.types if extension in kind.extensions), None)
    if agreed:
        return agreed
    if found.encrypted:
        raise _refused(_("文件“%(name)s”受密码保护，审核人员无法打开，未上传。请取消密码后再上传。"), name)
    if found.types:
        raise _refused(
            _("文件“%(name)s”的内容是 %(found)s，与扩展名不符，未上传。请将扩展名改为 .%(right)s 后再上传。"),
            name,
            found=found.label,
            right=found.types[0].extensions[0],
        )
    claimed = BY_EXTENSION.get(extension)
    if claimed:
        raise _refused(
            _("文件“%(name)s”不是 %(claimed)s（检测到 %(found)s），未上传。请选择 PDF、Office 文档或图片。"),
            name,
            claimed=claimed.label,
            found=found.label,
        )
    raise _refused(
        _("文件“%(name)s”的类型不受支持（检测到 %(found)s），未上传。请选择 PDF、Office 文档或图片。"),
        name,
        found=found.label,
    )


def _sha256(file: File) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    for chunk in file.chunks(CHUNK_BYTES):
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()


def no_room(name: str) -> ValidationError:
    return _refused(
        _("服务器存储空间不足，文件“%(name)s”未上传，也未留下任何内容。请联系系统管理员，稍后再试。"),
        name,
        code="no_room",
    )


def _refused(message: str, name: str, *, code: str = "refused", **words: object) -> ValidationError:
    """Chinese sets a space beside Latin letters and none between its own; the name stays as it is."""
    said = message % {"name": "\0", **words}
    return ValidationError(SPACE_WITHIN_CHINESE.sub("", said).replace("\0", name), code=code)
