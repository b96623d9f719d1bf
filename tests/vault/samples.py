"""Small files whose content is what their maker says."""

import io
import struct
import zipfile

from django.core.files.uploadedfile import SimpleUploadedFile

PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
JPEG = b"\xff\xd8\xff\xe0" + bytes(40)
GIF = b"GIF89a" + bytes(40)
WEBP = b"RIFF\x20\0\0\0WEBPVP8 " + bytes(40)
TIFF = b"II*\0" + bytes(40)
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
DOCM = zipped(**{"[Content_Types].xml": "application/vnd.ms-word.document.macroEnabled.main+xml"})
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
