"""A mail of two parts, text and HTML, written out directly.

Python's `email` takes three times as long for the same bytes as everything else about a mail, and a morning has tens
of thousands. Only what is known to be one line goes into headers.
"""

from __future__ import annotations

import base64
from email.header import Header
from email.utils import formatdate
from functools import lru_cache

from django.core.mail import EmailMultiAlternatives
from django.core.mail.message import BadHeaderError, sanitize_address

BOUNDARY = "=_portal_alternative"
PART = '--{boundary}\nContent-Type: text/{kind}; charset="utf-8"\nContent-Transfer-Encoding: base64\n\n{body}'


class Letter(EmailMultiAlternatives):
    """Django's mail, for all of its backends, with one HTML alternative and one recipient."""

    def message(self, **_options: object) -> Written:
        return Written(self)


class Written:
    """The bytes, as Django's backends ask for them."""

    def __init__(self, letter: Letter) -> None:
        headers = {
            "Subject": _subject(letter.subject),
            "From": wire_address(letter.from_email),
            "To": wire_address(letter.to[0]),
            "Date": formatdate(),
            **letter.extra_headers,
            "MIME-Version": "1.0",
            "Content-Type": f'multipart/alternative; boundary="{BOUNDARY}"',
        }
        lines = [f"{name}: {_one_line(value)}" for name, value in headers.items()]
        html = letter.alternatives[0].content
        parts = [_part("plain", letter.body), _part("html", html), f"--{BOUNDARY}--\n"]
        self.text = "\n".join([*lines, "", *parts])

    def as_bytes(self, unixfrom: bool = False, linesep: str = "\n") -> bytes:
        return self.text.replace("\n", linesep).encode("ascii")

    def get_charset(self) -> str:
        return "utf-8"


@lru_cache(maxsize=64)
def _sanitized(text: str) -> str:
    return sanitize_address(text, "utf-8")


def wire_address(text: str) -> str:
    """As it stands in headers and on the line; all but the simplest are taken apart by Django."""
    return text if text.isascii() and "<" not in text and '"' not in text else _sanitized(text)


def _part(kind: str, body: str) -> str:
    return PART.format(boundary=BOUNDARY, kind=kind, body=base64.encodebytes(body.encode()).decode())


@lru_cache(maxsize=1024)
def _subject(text: str) -> str:
    """Encoded and folded, as RFC 2047 has it; people of one institution are often told the same."""
    return Header(text, None if text.isascii() else "utf-8", header_name="Subject", maxlinelen=76).encode()


def _one_line(value: str) -> str:
    """Nothing may begin a header of its own; a folded line goes on with a space."""
    if "\r" in value or any(not line.startswith(" ") for line in value.split("\n")[1:]):
        raise BadHeaderError(f"A header of several lines: {value!r}")
    return value
