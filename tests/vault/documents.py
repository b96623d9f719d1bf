"""Whole documents, good and bad: made here, so that nothing dangerous lies in the repository."""

import io
import struct
import zipfile

import docx
import openpyxl
import pptx
from pptx.util import Inches
from pypdf import PdfReader, PdfWriter

from tests.vault.samples import PDF, pdf
from vault.inspection.problem import Budget

# --- Zips -------------------------------------------------------------------------------------------------


def archive(entries: dict[str, bytes], flags: int = 0) -> bytes:
    """`flags` are set in both headers of each entry, as 1 for encryption."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in entries.items():
            file.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    content = bytearray(buffer.getvalue())
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = content.find(signature)
        while flags and at >= 0:
            content[at + offset] |= flags
            at = content.find(signature, at + 1)
    return bytes(content)


def layered(content: bytes, layers: int, name: str = "内层.zip") -> bytes:
    for _layer in range(layers):
        content = archive({name: content})
    return content


def bomb() -> bytes:
    """65 MB of nothing, in some 65 kB."""
    return archive({"零.txt": b"0" * (Budget.free_bytes + 1024**2)})


def archive_with_link() -> bytes:
    """An entry that unpacks to a symbolic link."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        link = zipfile.ZipInfo("a.txt")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        file.writestr(link, "/etc/passwd")
    return buffer.getvalue()


def damaged_zip() -> bytes:
    """One byte of the content is another one than was packed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as file:
        file.writestr(zipfile.ZipInfo("a.txt"), b"intact")
    content = bytearray(buffer.getvalue())
    content[content.index(b"intact")] = ord("I")
    return bytes(content)


def gb_named_zip() -> bytes:
    """A name in GB 18030 without the mark for UTF-8, as Chinese programs write it."""
    content = archive({"AA.txt": "一".encode()})
    return content.replace(b"AA.txt", "制.txt".encode("gb18030"))


# --- Office Open XML and OFD ------------------------------------------------------------------------------


def _saved(document) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def word() -> bytes:
    document = docx.Document()
    document.add_paragraph("网络安全应急预案")
    table = document.add_table(rows=2, cols=2)
    for row, words in zip(table.rows, [("事项", "负责人"), ("演练", "信息部")], strict=True):
        for cell, text in zip(row.cells, words, strict=True):
            cell.text = text
    document.add_paragraph("每年演练一次")
    return _saved(document)


def bomb_in_word() -> bytes:
    return with_parts(word(), {"word/media/零.txt": b"0" * (Budget.free_bytes + 1024**2)})


def excel(rows: int = 3) -> bytes:
    book = openpyxl.Workbook()
    book.active.title = "台账"
    for number in range(rows):
        book.active.append([f"系统{number}", number, 0.5, None])
    book.create_sheet("空表")
    return _saved(book)


def slides() -> bytes:
    show = pptx.Presentation()
    slide = show.slides.add_slide(show.slide_layouts[5])
    slide.shapes.title.text = "培训材料"
    table = slide.shapes.add_table(1, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    table.cell(0, 0).text, table.cell(0, 1).text = "课程", "学时"
    slide.notes_slide.notes_text_frame.text = "讲稿"
    return _saved(show)


def with_parts(document: bytes, parts: dict[str, bytes]) -> bytes:
    """The document with parts added, or replaced."""
    with zipfile.ZipFile(io.BytesIO(document)) as file:
        return archive({name: file.read(name) for name in file.namelist()} | parts)


def word_with_macros() -> bytes:
    document = word()
    with zipfile.ZipFile(io.BytesIO(document)) as file:
        types = file.read("[Content_Types].xml").decode()
    plain = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    types = types.replace(plain, "application/vnd.ms-word.document.macroEnabled.main+xml")
    return with_parts(document, {"[Content_Types].xml": types.encode(), "word/vbaProject.bin": b"VBA"})


def ofd() -> bytes:
    page = '<ofd:Page xmlns:ofd="http://www.ofdspec.org/2016"><ofd:TextCode>{}</ofd:TextCode></ofd:Page>'
    return archive(
        {
            "OFD.xml": b"<ofd:OFD/>",
            "Doc_0/Pages/Page_10/Content.xml": page.format("第十一页").encode(),
            "Doc_0/Pages/Page_2/Content.xml": page.format("第三页").encode(),
        }
    )


def crowded_ofd() -> bytes:
    """Of as many parts as an archive may have entries."""
    return archive({"OFD.xml": b"<ofd:OFD/>"} | dict.fromkeys(map(str, range(Budget.entries)), b""))


# --- Compound files ---------------------------------------------------------------------------------------

SECTOR = 512
END, FREE, TABLE = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD


def compound(streams: dict[str, bytes]) -> bytes:
    """A compound file: header, one sector of allocations, the directory, the streams one after the other."""
    padded = {name: content.ljust(4096, b"\0") for name, content in streams.items()}
    directory_sectors = -(-(len(padded) + 1) // 4)
    allocations, directory, body = [TABLE], b"", b""
    allocations += _chain(1, directory_sectors)
    directory += _entry("Root Entry", 5, child=1, start=END, size=0, following=FREE)
    for number, (name, content) in enumerate(padded.items(), 1):
        start = len(allocations)
        sectors = -(-len(content) // SECTOR)
        allocations += _chain(start, sectors)
        following = number + 1 if number < len(padded) else FREE
        directory += _entry(name, 2, child=FREE, start=start, size=len(content), following=following)
        body += content.ljust(sectors * SECTOR, b"\0")
    table = struct.pack("<128I", *allocations, *[FREE] * (128 - len(allocations)))
    header = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, END, 0, END, 0) + struct.pack("<109I", 0, *[FREE] * 108)
    return header + table + directory.ljust(directory_sectors * SECTOR, b"\0") + body


def _chain(start: int, length: int) -> list[int]:
    return [*range(start + 1, start + length), END]


def _entry(name: str, kind: int, *, child: int, start: int, size: int, following: int) -> bytes:
    encoded = name.encode("utf-16-le") + b"\0\0"
    head = encoded.ljust(64, b"\0") + struct.pack("<HBBIII", len(encoded), kind, 1, FREE, following, child)
    return head + bytes(36) + struct.pack("<III", start, size, 0)


def _record(kind: int, content: bytes) -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def old_excel(*, is_encrypted: bool = False) -> bytes:
    """One sheet with a name, a word and a number."""

    def begin(kind: int) -> bytes:
        return _record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0, 1997, 0, 6))

    def text(words: str) -> bytes:
        return b"\1" + words.encode("utf-16-le")

    password = _record(0x2F, bytes(54)) if is_encrypted else b""
    head = begin(5) + password + _record(0x42, struct.pack("<H", 1200))
    name = "清单"
    place = len(head) + 4 + 8 + 2 * len(name) + 4
    sheet = _record(0x85, struct.pack("<IHB", place, 0, len(name)) + text(name))
    cells = _record(0x0204, struct.pack("<HHHH", 0, 0, 0, 3) + text("服务器"))
    cells += _record(0x0203, struct.pack("<HHHd", 0, 1, 0, 12))
    end = _record(0x0A, b"")
    return compound({"Workbook": head + sheet + end + begin(0x10) + cells + end})


def old_word(*, is_encrypted: bool = False, has_macros: bool = False) -> bytes:
    start = struct.pack("<HHHHHH", 0xA5EC, 0xC1, 0, 0, 0, 0x0100 if is_encrypted else 0)
    return compound({"WordDocument": start} | ({"_VBA_PROJECT": b""} if has_macros else {}))


def old_slides(*, is_encrypted: bool = False) -> bytes:
    token = "dfc4d1f3" if is_encrypted else "5fc091e3"
    user = bytes.fromhex("0000f60f00000000" + "14000000" + token)
    return compound({"PowerPoint Document": b"slides", "Current User": user})


def encrypted_office() -> bytes:
    return compound({"EncryptionInfo": b"", "EncryptedPackage": b""})


# --- PDF --------------------------------------------------------------------------------------------------


def printed(text: str) -> bytes:
    """A page with words on it, in a font that every reader has."""
    stream = f"BT /F1 24 Tf 72 720 Td ({text}) Tj ET"
    return pdf(
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        f"<</Length {len(stream)}>>stream\n{stream}\nendstream ",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )


def acting(action: str) -> bytes:
    """A page, and an action behind a name that is written in disguise."""
    return pdf(
        "<</Type/Catalog/Pages 2 0 R/OpenAction 4 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>",
        f"<</S/{action}/#4aS(app.alert\\(1\\))>>" if action == "JavaScript" else f"<</S/{action}/F(cmd.exe)>>",
    )


def opening_at_a_page() -> bytes:
    return pdf(
        "<</Type/Catalog/Pages 2 0 R/OpenAction[3 0 R/Fit]>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>",
    )


def with_attachment() -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(PDF)))
    writer.add_attachment("附件.txt", b"inside")
    return _written(writer)


def encrypted_pdf(password: str) -> bytes:
    """With an empty password anybody can read it, and nobody print it."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(printed("Rules"))))
    writer.encrypt(password, "owner", algorithm="AES-256")
    return _written(writer)


def _written(writer: PdfWriter) -> bytes:
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()
