import hashlib
import io

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from tests.vault import samples
from tests.vault.samples import upload
from vault.arrivals import clean_name, inspect, take_in
from vault.enums import Place
from vault.file_types import ALLOWED, find_out
from vault.places import storage_of

GOOD = [
    ("制度.pdf", samples.PDF, "application/pdf"),
    ("前有空白.PDF", b"\n\n" + samples.PDF, "application/pdf"),
    ("a.docx", samples.DOCX, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("a.xlsx", samples.XLSX, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("a.pptx", samples.PPTX, "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ("a.docm", samples.DOCM, "application/vnd.ms-word.document.macroEnabled.12"),
    ("a.xlsm", samples.XLSM, "application/vnd.ms-excel.sheet.macroEnabled.12"),
    ("a.pptm", samples.PPTM, "application/vnd.ms-powerpoint.presentation.macroEnabled.12"),
    ("a.ofd", samples.OFD, "application/ofd"),
    ("a.doc", samples.ole("Root Entry", "WordDocument"), "application/msword"),
    ("a.wps", samples.ole("WordDocument"), "application/msword"),
    ("a.xls", samples.ole("Workbook"), "application/vnd.ms-excel"),
    ("含附件.xls", samples.ole("WordDocument", "Workbook"), "application/vnd.ms-excel"),
    ("a.ppt", samples.ole("PowerPoint Document"), "application/vnd.ms-powerpoint"),
    ("a.png", samples.PNG, "image/png"),
    ("a.jpeg", samples.JPEG, "image/jpeg"),
    ("a.gif", samples.GIF, "image/gif"),
    ("a.webp", samples.WEBP, "image/webp"),
    ("a.tif", samples.TIFF, "image/tiff"),
    ("utf8.txt", "说明".encode(), "text/plain"),
    ("gbk.txt", "说明".encode("gb18030"), "text/plain"),
    ("utf16.txt", "说明".encode("utf-16"), "text/plain"),
    ("a.csv", "机构,数量\n甲,1\n".encode("utf-8-sig"), "text/csv"),
    ("a.zip", samples.ZIP, "application/zip"),
]
REFUSED = [
    ("a.pdf", samples.EXE, "不是 PDF（检测到 Windows 程序）"),
    ("a.png", samples.ELF, "不是 PNG 图片（检测到 Linux 程序）"),
    ("a.exe", samples.EXE, "类型不受支持（检测到 Windows 程序）"),
    ("a.pdf", samples.RAR, "检测到 RAR 文件"),
    ("a.html", samples.HTML, "检测到网页"),
    ("a.txt", samples.HTML, "不是文本文件（检测到网页）"),
    ("a.svg", samples.SVG, "检测到 SVG 图形"),
    ("a.csv", samples.SCRIPT, "检测到脚本"),
    ("a.txt", samples.JUNK, "检测到无法识别的内容"),
    ("a.docx", samples.DOCM, "的内容是含宏的 Word 文档，与扩展名不符，未上传。请将扩展名改为 .docm"),
    ("a.docx", samples.ole("EncryptedPackage"), "受密码保护"),
    ("a.doc", samples.ole("Unknown"), "检测到不支持的复合文档"),
    ("a.zip", samples.ZIP[:40], "检测到损坏的压缩包或文档"),
    ("a.zip", samples.zip_with_a_huge_directory(), "检测到条目过多的压缩包"),
    ("a.pdf", samples.PNG, "的内容是 PNG 图片，与扩展名不符，未上传。请将扩展名改为 .png"),
    ("a", samples.PDF, "的内容是 PDF，与扩展名不符，未上传。请将扩展名改为 .pdf"),
    ("a.zip", samples.DOCX, "请将扩展名改为 .docx"),
    ("a.pdf", b"", "是空文件（0 字节）"),
]


@pytest.mark.parametrize(("name", "content", "content_type"), GOOD, ids=[name for name, *_ in GOOD])
def test_what_may_be_evidence(name, content, content_type):
    arrival = take_in(upload(name, content))
    digest = hashlib.sha256(content).hexdigest()
    assert arrival == (name, content_type, len(content), digest, arrival.path)
    with storage_of(Place.INCOMING).open(arrival.path) as stored:
        assert stored.read() == content
    arrival.discard()
    assert not storage_of(Place.INCOMING).exists(arrival.path)


@pytest.mark.parametrize(("name", "content", "words"), REFUSED, ids=[words for *_, words in REFUSED])
def test_what_is_refused_and_why(name, content, words):
    with pytest.raises(ValidationError) as refused:
        inspect(upload(name, content))
    message = refused.value.messages[0]
    assert words in message
    assert message.startswith(f"文件“{name}”")


def test_every_allowed_type_is_tried_here():
    assert {content_type for _name, _content, content_type in GOOD} == {kind.content_type for kind in ALLOWED}


def test_the_name_in_a_message_keeps_its_spaces():
    with pytest.raises(ValidationError, match=r"文件“我的 制度\.pdf”不是 PDF"):
        inspect(upload("我的 制度.pdf", samples.EXE))


def test_a_refusal_in_english():
    with translation.override("en"), pytest.raises(ValidationError) as refused:
        inspect(upload("a.pdf", samples.EXE))
    assert "a.pdf" in refused.value.messages[0]


def test_a_file_above_the_limit(settings):
    settings.EVIDENCE_MAX_BYTES = 1024
    inspect(upload(content=samples.PDF.ljust(1024)))
    with pytest.raises(ValidationError, match=r"超过 1\.0.+KB 的上限"):
        inspect(upload(content=samples.PDF.ljust(1025)))


def test_a_file_above_the_limit_is_not_kept_while_it_arrives(settings):
    settings.EVIDENCE_MAX_BYTES = 70_000
    files = {"file": SimpleUploadedFile("大.pdf", bytes(300_000)), "small": SimpleUploadedFile("小.pdf", b"1")}
    request = RequestFactory().post("/", files)
    large = request.FILES["file"]
    assert (large.name, large.size, large.read()) == ("大.pdf", 300_000, b"")
    assert request.FILES["small"].read() == b"1"


@given(st.binary(max_size=400))
def test_any_content_gets_an_answer(content):
    for start in (b"", b"PK\x03\x04", samples.OLE_HEAD[:8], b"RIFF"):
        file = io.BytesIO(start + content)
        assert find_out(file).label
        assert file.tell() == 0


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\材料\\制度.pdf", "制度.pdf"),
        ("a\u202efdp.exe", "afdp.exe"),
        ("a\x00b\nc\x7f.pdf", "ab c.pdf"),
        ("零宽\u200b字.pdf", "零宽字.pdf"),
        (" .制度.pdf. ", "制度.pdf"),
        ("..", "未命名"),
        ("", "未命名"),
        ("e\u0301.pdf", "\u00e9.pdf"),
    ],
)
def test_names_are_cleaned(name, clean):
    assert clean_name(name) == clean


@given(st.text(max_size=600))
def test_any_name_fits_the_column(name):
    cleaned = clean_name(name)
    assert 0 < len(cleaned) <= 255
    assert "/" not in cleaned and "\\" not in cleaned and cleaned.isprintable()


def test_a_long_name_keeps_its_extension():
    cleaned = clean_name("制" * 400 + ".pdf")
    assert len(cleaned) == 255
    assert cleaned.endswith("制.pdf")
