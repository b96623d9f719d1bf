"""What the scanner says of bytes, from a real clamd."""

import io
import os
import shutil
import tempfile
import zipfile
from pathlib import Path

import pytest

from portal.clamd import EICAR
from portal.embedded import servers
from tests.conftest import CLAMD_MAX_BYTES
from vault import scanner
from vault.scanner import ScannerDown, is_answering, scan


def zipped(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inside", content)
    return buffer.getvalue()


def test_clean_bytes_and_who_says_so(clamd):
    verdict = scan(io.BytesIO(b"abc"))
    assert (verdict.finding, verdict.detail) == ("", "")
    assert verdict.scanner.startswith("ClamAV 1.")


@pytest.mark.parametrize("layers", [0, 1, 2])
def test_malware_also_inside_of_archives(clamd, layers):
    content = EICAR
    for _layer in range(layers):
        content = zipped(content)
    assert scan(io.BytesIO(content))[:2] == ("malware", "Portal.Eicar-Test.UNOFFICIAL")


@pytest.mark.parametrize("more", [1, 100_000, 30_000_000])
def test_what_is_too_long_for_the_scanner(clamd, more):
    verdict = scan(io.BytesIO(os.urandom(CLAMD_MAX_BYTES + more)))
    assert verdict.finding == "not_scannable"
    assert verdict.detail == "Heuristics.Limits.Exceeded.StreamMaxLength"


def test_malware_behind_more_than_the_largest_file(clamd):
    assert scan(io.BytesIO(zipped(bytes(CLAMD_MAX_BYTES * 3) + EICAR))).finding == "malware"


@pytest.mark.parametrize("address", ["unix:///nonexistent/clamd.sock", "tcp://127.0.0.1:1"])
def test_nobody_there(settings, address):
    settings.CLAMD = address
    assert is_answering() is False
    with pytest.raises(ScannerDown):
        scan(io.BytesIO(b"abc"))


def test_a_scanner_that_goes_and_comes_back(settings):
    data_dir = Path(tempfile.mkdtemp(prefix="p-"))
    settings.CLAMD = f"unix://{data_dir}/run/clamd.sock"
    for _time in range(2):
        with servers(data_dir, postgres=False, redis=False, clamd_max_bytes=1000):
            assert scan(io.BytesIO(EICAR)).finding == "malware"
        with pytest.raises(ScannerDown):
            scan(io.BytesIO(EICAR))
    shutil.rmtree(data_dir)


def test_the_scanner_is_asked_once_in_some_seconds(settings, monkeypatch):
    settings.CLAMD = "unix:///asked-once"
    asked = []
    monkeypatch.setattr(scanner, "answers_now", lambda: bool(asked.append(1)))
    assert is_answering() is is_answering() is False
    assert len(asked) == 1
    settings.CLAMD = "none"
    assert is_answering() is True
    assert len(asked) == 1


def test_an_answer_that_is_no_verdict_lets_nothing_pass(clamd, monkeypatch):
    monkeypatch.setattr(scanner, "_stream", lambda _file: {"stream": ("ERROR", "disk full")})
    with pytest.raises(ScannerDown, match="disk full"):
        scan(io.BytesIO(b"abc"))
