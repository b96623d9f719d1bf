"""What a file is, told by its content: the types that may be evidence, and a name for what may not.

The name a file comes with proves nothing. It only has to agree with what was found inside.
"""

from __future__ import annotations

import codecs
import struct
import zipfile
from collections.abc import Iterable, Iterator
from typing import IO, NamedTuple

import puremagic
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vault.places import CHUNK_BYTES

HEAD_BYTES = 64 * 1024
# A zip's list of entries is read into memory: a few hundred bytes for each of at most some 100,000 entries.
ZIP_DIRECTORY_MAX_BYTES = 8 * 1024 * 1024


class FileType(NamedTuple):
    label: str | Promise
    content_type: str
    extensions: tuple[str, ...]


_OFFICE = "application/vnd.openxmlformats-officedocument."
PDF = FileType("PDF", "application/pdf", ("pdf",))
DOCX = FileType(gettext_lazy("Word 文档"), _OFFICE + "wordprocessingml.document", ("docx",))
XLSX = FileType(gettext_lazy("Excel 表格"), _OFFICE + "spreadsheetml.sheet", ("xlsx",))
PPTX = FileType(gettext_lazy("PowerPoint 演示文稿"), _OFFICE + "presentationml.presentation", ("pptx",))
_MACRO_ENABLED = ".macroEnabled.12"
DOCM = FileType(gettext_lazy("含宏的 Word 文档"), "application/vnd.ms-word.document" + _MACRO_ENABLED, ("docm",))
XLSM = FileType(gettext_lazy("含宏的 Excel 表格"), "application/vnd.ms-excel.sheet" + _MACRO_ENABLED, ("xlsm",))
PPTM = FileType(
    gettext_lazy("含宏的 PowerPoint 演示文稿"), "application/vnd.ms-powerpoint.presentation" + _MACRO_ENABLED, ("pptm",)
)
OPEN_XML = (DOCX, XLSX, PPTX, DOCM, XLSM, PPTM)
OFD = FileType("OFD", "application/ofd", ("ofd",))
DOC = FileType(gettext_lazy("旧版 Word 或 WPS 文档"), "application/msword", ("doc", "wps"))
XLS = FileType(gettext_lazy("旧版 Excel 或 WPS 表格"), "application/vnd.ms-excel", ("xls", "et"))
PPT = FileType(gettext_lazy("旧版 PowerPoint 或 WPS 演示文稿"), "application/vnd.ms-powerpoint", ("ppt", "dps"))
PNG = FileType(gettext_lazy("PNG 图片"), "image/png", ("png",))
JPEG = FileType(gettext_lazy("JPEG 图片"), "image/jpeg", ("jpg", "jpeg"))
GIF = FileType(gettext_lazy("GIF 图片"), "image/gif", ("gif",))
WEBP = FileType(gettext_lazy("WebP 图片"), "image/webp", ("webp",))
TIFF = FileType(gettext_lazy("TIFF 图片"), "image/tiff", ("tif", "tiff"))
TEXT = FileType(gettext_lazy("文本文件"), "text/plain", ("txt",))
CSV = FileType(gettext_lazy("CSV 表格"), "text/csv", ("csv",))
ZIP = FileType(gettext_lazy("ZIP 压缩包"), "application/zip", ("zip",))

ALLOWED = (PDF, *OPEN_XML, OFD, DOC, XLS, PPT, PNG, JPEG, GIF, WEBP, TIFF, TEXT, CSV, ZIP)
BY_EXTENSION = {extension: kind for kind in ALLOWED for extension in kind.extensions}
BY_CONTENT_TYPE = {kind.content_type: kind for kind in ALLOWED}
# What a browser may show inside the page; everything else is downloaded.
SHOWN_INLINE = frozenset(kind.content_type for kind in (PDF, PNG, JPEG, GIF, WEBP))

_SIGNATURES = (
    (b"%PDF-", PDF),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"II*\0", TIFF),
    (b"MM\0*", TIFF),
)
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_OLE_STREAMS = {"WordDocument": DOC, "Workbook": XLS, "Book": XLS, "PowerPoint Document": PPT}
_OLE_ENCRYPTED = "EncryptedPackage"
_OOXML_MAIN_PARTS = {
    b"wordprocessingml.document.main+xml": DOCX,
    b"spreadsheetml.sheet.main+xml": XLSX,
    b"presentationml.presentation.main+xml": PPTX,
    b"ms-word.document.macroEnabled.main+xml": DOCM,
    b"ms-excel.sheet.macroEnabled.main+xml": XLSM,
    b"ms-powerpoint.presentation.macroEnabled.main+xml": PPTM,
}
_PROGRAMS = ((b"MZ", gettext_lazy("Windows 程序")), (b"\x7fELF", gettext_lazy("Linux 程序")))
# Text that a browser or a shell would run.
_ACTIVE_TEXT = (
    (b"#!", gettext_lazy("脚本")),
    (b"<!doctype html", gettext_lazy("网页")),
    (b"<html", gettext_lazy("网页")),
    (b"<svg", gettext_lazy("SVG 图形")),
    (b"<?xml", gettext_lazy("XML 文件")),
)


class Found(NamedTuple):
    """The types the content can be taken for, none when it may not be evidence; `label` names it for people."""

    types: tuple[FileType, ...]
    label: str
    encrypted: bool = False


def find_out(file: IO[bytes]) -> Found:
    """What the content is. Reads the head, for a container also what is inside; leaves the file at its start."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    try:
        return _found(head, file)
    finally:
        file.seek(0)


def _found(head: bytes, file: IO[bytes]) -> Found:
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return _allowed(kind)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return _allowed(WEBP)
    if b"%PDF-" in head[:1024]:
        return _allowed(PDF)
    if head.startswith(b"PK\x03\x04"):
        return _in_zip(file)
    if head.startswith(_OLE):
        return _in_ole(file)
    if text_encoding(head):
        active = _name_by_start(head.removeprefix(codecs.BOM_UTF8).lstrip().lower(), _ACTIVE_TEXT)
        return Found((), active) if active else _allowed(TEXT, CSV)
    return Found((), _name_by_start(head, _PROGRAMS) or _name_by_table(head) or _("无法识别的内容"))


def _allowed(*kinds: FileType) -> Found:
    return Found(kinds, str(kinds[0].label))


def _in_zip(file: IO[bytes]) -> Found:
    """Office documents are zips that say in [Content_Types].xml what they are; OFD is one with an OFD.xml."""
    if _zip_directory_bytes(file) > ZIP_DIRECTORY_MAX_BYTES:
        return Found((), _("条目过多的压缩包"))
    try:
        with zipfile.ZipFile(file) as archive:
            names = set(archive.namelist())
            if "OFD.xml" in names:
                return _allowed(OFD)
            if "[Content_Types].xml" not in names:
                return _allowed(ZIP)
            with archive.open("[Content_Types].xml") as entry:
                declared = entry.read(CHUNK_BYTES)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError, struct.error):
        return Found((), _("损坏的压缩包或文档"))
    for part, kind in _OOXML_MAIN_PARTS.items():
        if part in declared:
            return _allowed(kind)
    return Found((), _("不支持的 Office 文档"))


def _zip_directory_bytes(file: IO[bytes]) -> int:
    """The size of the list of entries as the end record gives it; a zip64 is counted as too large."""
    size = file.seek(0, 2)
    file.seek(max(0, size - HEAD_BYTES - 22))
    tail = file.read()
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) < end + 22:
        return 0
    if b"PK\x06\x07" in tail[max(0, end - 20) : end]:
        return ZIP_DIRECTORY_MAX_BYTES + 1
    return struct.unpack_from("<I", tail, end + 12)[0]


def _in_ole(file: IO[bytes]) -> Found:
    """A compound file's directory names its streams; the main one tells which program wrote it."""
    names = {name.encode("utf-16-le"): name for name in (*_OLE_STREAMS, _OLE_ENCRYPTED)}
    seen: set[str] = set()
    for window in _windows(file, overlap=max(map(len, names))):
        seen |= {name for encoded, name in names.items() if encoded in window}
    if _OLE_ENCRYPTED in seen:
        return Found((), _("受密码保护的 Office 文档"), encrypted=True)
    kinds = dict.fromkeys(kind for stream, kind in _OLE_STREAMS.items() if stream in seen)
    return _allowed(*kinds) if kinds else Found((), _("不支持的复合文档"))


def _windows(file: IO[bytes], overlap: int) -> Iterator[bytes]:
    file.seek(0)
    kept = b""
    while chunk := file.read(CHUNK_BYTES):
        yield kept + chunk
        kept = chunk[-overlap:]


def text_encoding(head: bytes) -> str | None:
    """UTF-8, UTF-16 with its mark, or GB 18030, without control characters; None for what is no text."""
    is_marked = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ["utf-16"] if is_marked else ["utf-8-sig", "gb18030"]:
        try:
            text = codecs.getincrementaldecoder(encoding)().decode(head)
        except UnicodeDecodeError:
            continue
        is_plain = not any(ord(character) < 32 and character not in "\t\r\n\f" for character in text)
        return encoding if is_plain else None
    return None


def _name_by_start(head: bytes, names: Iterable[tuple[bytes, str | Promise]]) -> str:
    return next((str(name) for start, name in names if head.startswith(start)), "")


def _name_by_table(head: bytes) -> str:
    try:
        matches = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return ""
    extension = next((match.extension for match in matches if match.extension), "")
    return _("%(extension)s 文件") % {"extension": extension.lstrip(".").upper()} if extension else ""
