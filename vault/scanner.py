"""ClamAV, by its socket. The setting CLAMD says where it listens, or `none` where a site has no scanner."""

from __future__ import annotations

import time
from typing import IO, NamedTuple
from urllib.parse import urlsplit

from clamav_client.clamd import (
    BufferTooLongError,
    ClamdError,
    ClamdNetworkSocket,
    ClamdUnixSocket,
    CommunicationError,
    ScanResults,
)
from django.conf import settings

from vault.enums import Finding

NONE = "none"
# clamd gives up on a file after two minutes unless its MaxScanTime says otherwise.
SCAN_SECONDS = 600
PING_SECONDS = 2
MEMORY_SECONDS = 5.0
CHUNK_BYTES = 256 * 1024
# What clamd reports of a file that it could not look into, not of malware in it.
NOT_SCANNED = ("Heuristics.Limits.Exceeded", "Heuristics.Encrypted")

_last_answer = ("", float("-inf"), True)


class ScannerDown(Exception):
    """There is a scanner, and it gives no verdict: the file has to wait."""


class Verdict(NamedTuple):
    """`finding` is empty for a clean file; `detail` is the signature's name; `scanner` is engine and signatures."""

    finding: str
    detail: str
    scanner: str


def exists() -> bool:
    return settings.CLAMD != NONE


def is_answering() -> bool:
    """Whether files can be checked, so also where no scanner exists; asked at most every five seconds a process."""
    global _last_answer
    address, asked_at, answers = _last_answer
    if address != settings.CLAMD or time.monotonic() - asked_at > MEMORY_SECONDS:
        answers = not exists() or answers_now()
        _last_answer = (settings.CLAMD, time.monotonic(), answers)
    return answers


def answers_now() -> bool:
    try:
        return _client(PING_SECONDS).ping().strip() == "PONG"
    except (ClamdError, OSError):
        return False


def scan(file: IO[bytes]) -> Verdict:
    """What the scanner says of the bytes. Raises ScannerDown."""
    try:
        scanner = _client(PING_SECONDS).version().strip()[:100]
        state, signature = _stream(file)["stream"]
    except (ClamdError, OSError, KeyError) as error:
        raise ScannerDown(str(error)) from error
    if state == "OK":
        return Verdict("", "", scanner)
    if state != "FOUND" or not signature:
        raise ScannerDown(signature)
    finding = Finding.NOT_SCANNABLE if signature.startswith(NOT_SCANNED) else Finding.MALWARE
    return Verdict(finding, signature, scanner)


def _stream(file: IO[bytes]) -> ScanResults:
    """A clamd that hangs up twice in the middle, and lives, was sent more than its StreamMaxLength.

    It says so, but is seldom heard: who is still sending learns only that nobody listens.
    """
    for _attempt in range(2):
        file.seek(0)
        try:
            return _client(SCAN_SECONDS).instream(_LargeChunks(file))
        except BufferTooLongError:
            break
        except (CommunicationError, ConnectionError):
            if not answers_now():
                raise
    return {"stream": ("FOUND", "Heuristics.Limits.Exceeded.StreamMaxLength")}


class _LargeChunks:
    """The client reads a kilobyte at a time, which takes five times as long."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, _size: int) -> bytes:
        return self._file.read(CHUNK_BYTES)


def _client(seconds: float) -> ClamdNetworkSocket:
    address = urlsplit(settings.CLAMD)
    if address.scheme == "unix":
        return ClamdUnixSocket(address.path, timeout=int(seconds))
    return ClamdNetworkSocket(address.hostname or "", address.port or 3310, timeout=seconds)
