"""What the checks find inside of files, in the process in which they look."""

import pytest

from portal.clamd import EICAR
from tests.vault import documents, samples
from vault import sandbox
from vault.file_types import BY_EXTENSION
from vault.inspection.problem import Budget
from vault.sandbox import examine

DAMAGED_PNG = samples.PNG[:-30]
MAC = {".DS_Store": b"\0\0\0\1Bud1", "__MACOSX/._a": b"\0\5\x16\7\0\2", "a.txt": b"a"}

# Name, maker, and the flags it gets.
GOOD = [
    ("a.pdf", lambda: samples.PDF, []),
    ("goes to a page.pdf", documents.opening_at_a_page, []),
    ("script.pdf", lambda: documents.acting("JavaScript"), ["scripts"]),
    ("launch.pdf", lambda: documents.acting("Launch"), ["scripts"]),
    ("attachment.pdf", documents.with_attachment, ["scripts"]),
    ("readable by all.pdf", lambda: documents.encrypted_pdf(""), []),
    ("a.docx", documents.word, []),
    ("a.docm", documents.word_with_macros, ["macros"]),
    ("a.xlsx", documents.excel, []),
    ("a.pptx", documents.slides, []),
    ("a.ofd", documents.ofd, []),
    ("a.doc", documents.old_word, []),
    ("macros.doc", lambda: documents.old_word(has_macros=True), ["macros"]),
    ("a.xls", documents.old_excel, []),
    ("a.ppt", documents.old_slides, []),
    ("a.png", lambda: samples.PNG, []),
    ("a.jpg", lambda: samples.JPEG, []),
    ("a.gif", lambda: samples.GIF, []),
    ("a.webp", lambda: samples.WEBP, []),
    ("a.tif", lambda: samples.TIFF, []),
    ("a.txt", lambda: EICAR, []),
    ("a.csv", lambda: "甲,乙".encode("gb18030"), []),
    ("three layers.zip", lambda: documents.layered(samples.PDF, 3), []),
    ("macros inside.zip", lambda: documents.archive({"内/a.docm": documents.word_with_macros()}), ["macros"]),
    ("many documents.zip", lambda: documents.archive({f"{n}.ofd": documents.crowded_ofd() for n in range(3)}), []),
    ("from a mac.zip", lambda: documents.archive(MAC), []),
    ("empty.zip", lambda: documents.archive({"空/": b"", "空.txt": b""}), []),
    ("gb.zip", documents.gb_named_zip, []),
]
# Name, maker, what is found, and what is told of it.
BAD = [
    ("a.pdf", lambda: samples.PNG, "type", ""),
    ("a.pdf", lambda: samples.EXE, "type", ""),
    ("secret.pdf", lambda: documents.encrypted_pdf("secret"), "encrypted", ""),
    ("cut.pdf", lambda: samples.PDF[:60], "damaged", ""),
    ("no pages.pdf", lambda: samples.pdf("<</Type/Catalog>>"), "damaged", ""),
    ("secret.docx", documents.encrypted_office, "encrypted", ""),
    ("secret.doc", lambda: documents.old_word(is_encrypted=True), "encrypted", ""),
    ("secret.xls", lambda: documents.old_excel(is_encrypted=True), "encrypted", ""),
    ("secret.ppt", lambda: documents.old_slides(is_encrypted=True), "encrypted", ""),
    ("cut.doc", lambda: samples.ole("WordDocument"), "damaged", ""),
    ("page.gif", lambda: b"GIF89a/*" + samples.HTML, "damaged", ""),
    ("too large to look at.png", lambda: samples.picture("PNG", side=15_000), "not_scannable", ""),
    ("cut.png", lambda: DAMAGED_PNG, "damaged", ""),
    ("secret.zip", lambda: documents.archive({"a.txt": b"a"}, flags=1), "encrypted", "a.txt"),
    ("secret inside.zip", lambda: documents.archive({"a.docx": documents.encrypted_office()}), "encrypted", "a.docx"),
    ("program.zip", lambda: documents.archive({"setup.exe": samples.EXE}), "nested", "setup.exe"),
    ("script.zip", lambda: documents.archive({"图.svg": samples.SVG}), "nested", "图.svg"),
    (
        "program deep inside.zip",
        lambda: documents.layered(documents.archive({"setup.exe": samples.EXE}), 1),
        "nested",
        "内层.zip / setup.exe",
    ),
    ("false mac.zip", lambda: documents.archive({"__MACOSX/x": samples.EXE}), "nested", "__MACOSX/x"),
    ("broken.zip", documents.damaged_zip, "damaged", "a.txt"),
    ("four layers.zip", lambda: documents.layered(samples.PDF, 4), "archive_limits", " / ".join(["内层.zip"] * 3)),
    ("bomb.zip", documents.bomb, "archive_limits", "零.txt"),
    ("bomb inside.zip", lambda: documents.layered(documents.bomb(), 1), "archive_limits", "内层.zip / 零.txt"),
    ("bomb.docx", lambda: documents.bomb_in_word(), "archive_limits", "word/media/零.txt"),
    ("crowd.zip", lambda: documents.archive(dict.fromkeys(map(str, range(2001)), b"")), "archive_limits", "2000"),
    ("up.zip", lambda: documents.archive({"../../a.txt": b"a"}), "unsafe_names", "../../a.txt"),
    ("root.zip", lambda: documents.archive({"/etc/a.txt": b"a"}), "unsafe_names", "/etc/a.txt"),
    ("drive.zip", lambda: documents.archive({"C:a.txt": b"a"}), "unsafe_names", "C:a.txt"),
    ("windows.zip", lambda: documents.archive({"b\\..\\..\\a.txt": b"a"}), "unsafe_names", "b\\..\\..\\a.txt"),
    ("control.zip", lambda: documents.archive({"a\n.txt": b"a"}), "unsafe_names", "a\ufffd.txt"),
    ("nul.zip", lambda: documents.archive({"aXb.txt": b""}).replace(b"aXb", b"a\0b"), "unsafe_names", "a\ufffdb.txt"),
    ("turned.zip", lambda: documents.archive({"a\u202etxt.exe": b"a"}), "unsafe_names", "a\ufffdtxt.exe"),
    ("link.zip", lambda: documents.archive_with_link(), "unsafe_names", "a.txt"),
]


@pytest.fixture
def look(tmp_path):
    def examined(name, content):
        path = tmp_path / "bytes"
        path.write_bytes(content)
        return examine(path, BY_EXTENSION[name.rpartition(".")[2]].content_type)

    return examined


@pytest.mark.parametrize(("name", "make", "flags"), GOOD, ids=[name for name, *_ in GOOD])
def test_what_may_pass(look, name, make, flags):
    answer = look(name, make())
    assert (answer.finding, answer.detail, answer.flags) == ("", "", flags)


@pytest.mark.parametrize(
    ("name", "make", "finding", "detail"), BAD, ids=[f"{name} {number}" for number, (name, *_) in enumerate(BAD)]
)
def test_what_may_not(look, name, make, finding, detail):
    answer = look(name, make())
    assert (answer.finding, answer.detail, answer.extract) == (finding, detail, {})


def test_an_entry_larger_than_a_file_may_be(look, settings):
    """The scanner is set up for the largest file, and says nothing of what it skips inside of an archive."""
    settings.EVIDENCE_MAX_BYTES = 1000
    assert look("a.zip", documents.archive({"a.txt": b"a" * 1000})).finding == ""
    assert look("a.zip", documents.archive({"a.txt": b"a" * 1001})).finding == "archive_limits"


def test_a_bomb_is_small_on_disk():
    assert len(documents.bomb()) * Budget.ratio < Budget.free_bytes


HALF = """#!/bin/sh
printf '{"finding": "", "detail": "", "flags": ["macros"]}\\n{"blocks": [{"ki'
"""


@pytest.mark.parametrize(
    ("program", "answer"),
    [("#!/bin/sh\nexit 1\n", ("damaged", "", [], {})), (HALF, ("", "", ["macros"], {}))],
    ids=["before any answer", "in the middle of the text"],
)
def test_a_document_that_brings_the_process_down(look, monkeypatch, tmp_path, program, answer):
    python = tmp_path / "python"
    python.write_text(program)
    python.chmod(0o755)
    monkeypatch.setattr(sandbox.sys, "executable", str(python))
    assert look("a.txt", b"a") == answer


def test_a_document_that_takes_too_long_is_given_up(look, monkeypatch):
    monkeypatch.setattr(sandbox, "SECONDS", 0)
    assert look("a.txt", b"a").finding == "damaged"


def test_the_process_knows_no_secret(look, monkeypatch, tmp_path):
    monkeypatch.setenv("PORTAL_SECRET_KEY", "secret")
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\nenv > {tmp_path}/seen\n")
    program.chmod(0o755)
    monkeypatch.setattr(sandbox.sys, "executable", str(program))
    look("a.txt", b"a")
    seen = (tmp_path / "seen").read_text()
    assert "PATH=" in seen
    assert not [name for name in ("SECRET", "DATABASE", "REDIS") if name in seen]
