"""Small files whose content is what their maker says."""

import io
import struct
import zipfile

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image


def pdf(*objects: str) -> bytes:
    """Objects 1, 2, … of which the first is the catalog; by default a page with nothing on it."""
    bodies = objects or (
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>",
    )
    content, places = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", []
    for number, body in enumerate(bodies, 1):
        places.append(len(content))
        content += f"{number} 0 obj{body}endobj\n".encode("latin-1")
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    trailer = f"trailer<</Size {len(bodies) + 1}/Root 1 0 R>>\nstartxref\n{len(content)}\n%%EOF"
    return content + f"xref\n0 {len(bodies) + 1}\n0000000000 65535 f \n{table}{trailer}".encode()


def picture(kind: str, side: int = 8) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (side, side), 120).save(buffer, kind)
    return buffer.getvalue()


PDF = pdf()
PNG, JPEG, GIF, WEBP, TIFF = map(picture, ("PNG", "JPEG", "GIF", "WEBP", "TIFF"))
EXE = b"MZ" + bytes(300)
ELF = b"\x7fELF" + bytes(60)
RAR = b"Rar!\x1a\x07\x00" + bytes(40)
HTML = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>'
SCRIPT = b"#!/bin/sh\nrm -rf /\n"
JUNK = bytes(range(1, 200)) * 3
OLE_HEAD = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504)


def ole(*streams: str) -> bytes:
    return OLE_HEAD + b"".join(stream.encode("utf-16-le").ljust(128, b"\0") for stream in streams)


def zipped(**entries: str) -> bytes:
    """The same bytes whenever it is called: test runners name tests by them, and compare the names."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in entries.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return buffer.getvalue()


def office(main_part: str) -> bytes:
    content_type = f"application/vnd.openxmlformats-officedocument.{main_part}"
    return zipped(**{"[Content_Types].xml": f"<Types><Override ContentType='{content_type}'/></Types>"})


DOCX = office("wordprocessingml.document.main+xml")
XLSX = office("spreadsheetml.sheet.main+xml")
PPTX = office("presentationml.presentation.main+xml")
DOCM, XLSM, PPTM = (
    zipped(**{"[Content_Types].xml": f"application/vnd.ms-{kind}.macroEnabled.main+xml"})
    for kind in ("word.document", "excel.sheet", "powerpoint.presentation")
)
OFD = zipped(**{"OFD.xml": "<ofd:OFD/>"})
ZIP = zipped(**{"说明.txt": "一"})


def zip_with_a_huge_directory() -> bytes:
    """Claims a list of entries of 1 GB in its end record."""
    content = bytearray(ZIP)
    end = content.rindex(b"PK\x05\x06")
    struct.pack_into("<I", content, end + 12, 2**30)
    return bytes(content)


def upload(name: str = "制度.pdf", content: bytes = PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)
