"""What documents say, as they are read in the process of the checks."""

import pytest

from tests.vault import documents, samples
from vault.extraction import CHARACTERS_MAX, _plain
from vault.extraction.tables import COLUMNS_MAX, ROWS_MAX
from vault.file_types import BY_EXTENSION
from vault.sandbox import examine


def words(text):
    return {"kind": "text", "text": text}


def table(name, *rows):
    return {"kind": "table", "name": name, "rows": [list(row) for row in rows]}


DOCUMENTS = [
    ("a.pdf", lambda: documents.printed("Rules of 2026"), [words("Rules of 2026")]),
    ("scanned.pdf", lambda: samples.PDF, []),
    (
        "a.docx",
        documents.word,
        [words("网络安全应急预案"), table("", ("事项", "负责人"), ("演练", "信息部")), words("每年演练一次")],
    ),
    (
        "a.docm",
        documents.word_with_macros,
        [words("网络安全应急预案"), table("", ("事项", "负责人"), ("演练", "信息部")), words("每年演练一次")],
    ),
    ("a.xlsx", documents.excel, [table("台账", *[(f"系统{number}", str(number), "0.5") for number in range(3)])]),
    ("a.xls", documents.old_excel, [table("清单", ("服务器", "12"))]),
    ("a.pptx", documents.slides, [words("培训材料"), table("", ("课程", "学时")), words("讲稿")]),
    ("a.ofd", documents.ofd, [words("第三页"), words("第十一页")]),
    ("utf8.txt", lambda: "\ufeff说明\r\n二".encode(), [words("说明\n二")]),
    ("gb.txt", lambda: "说明".encode("gb18030"), [words("说明")]),
    ("utf16.txt", lambda: "说明".encode("utf-16"), [words("说明")]),
    ("a.csv", lambda: "机构;数量\n甲;1\n".encode("gb18030"), [table("", ("机构", "数量"), ("甲", "1"))]),
    ("a.zip", lambda: documents.archive({"制度/一.txt": b"1", "二.txt": b"2"}), [words("制度/一.txt\n二.txt")]),
    ("gb.zip", documents.gb_named_zip, [words("制.txt")]),
    ("a.doc", documents.old_word, []),
    ("a.png", lambda: samples.PNG, []),
]


@pytest.fixture
def read(tmp_path):
    def extracted(name, content):
        path = tmp_path / "bytes"
        path.write_bytes(content)
        answer = examine(path, BY_EXTENSION[name.rpartition(".")[2]].content_type)
        assert answer.finding == ""
        return answer.extract

    return extracted


@pytest.mark.parametrize(("name", "make", "blocks"), DOCUMENTS, ids=[name for name, *_ in DOCUMENTS])
def test_what_a_document_says(read, name, make, blocks):
    extract = read(name, make())
    assert extract["blocks"] == blocks
    assert extract["is_cut"] is False
    for block in blocks:
        cells = [[block["text"]]] if block["kind"] == "text" else block["rows"]
        assert all(said in extract["text"] for row in cells for said in row)


def test_a_long_text_is_cut(read):
    extract = read("a.txt", "长".encode() * (CHARACTERS_MAX + 1))
    assert (len(extract["text"]), extract["is_cut"]) == (CHARACTERS_MAX, True)
    assert read("a.txt", "长".encode() * CHARACTERS_MAX)["is_cut"] is False


def test_a_large_table_is_cut(read):
    extract = read("a.xlsx", documents.excel(rows=ROWS_MAX + 5))
    assert (len(extract["blocks"][0]["rows"]), extract["is_cut"]) == (ROWS_MAX, True)
    extract = read("a.csv", b",".join([b"1"] * (COLUMNS_MAX + 1)) + b"\n2,3\n")
    assert [len(row) for row in extract["blocks"][0]["rows"]] == [COLUMNS_MAX, COLUMNS_MAX]
    assert extract["is_cut"] is True


def test_what_postgresql_would_not_take_is_left_out(read):
    broken = documents.with_parts(documents.ofd(), {"Doc_0/Pages/Page_0/Content.xml": b"<a><TextCode>&#9;x</TextCode>"})
    assert read("a.csv", b"a,b\x0c\n")["blocks"] == [table("", ("a", "b"))]
    assert read("a.ofd", broken) == {}


def test_characters_that_postgresql_or_utf8_does_not_have():
    assert _plain("a\0b\x07c\ud800d\te\nf") == "abcd\te\nf"
