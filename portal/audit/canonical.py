"""Canonical JSON and the digests over it: what is signed, sealed or chained is digested in this one form."""

from __future__ import annotations

import datetime
import decimal
import hashlib
import json
import uuid
from typing import Any, NamedTuple


class Digests(NamedTuple):
    """Lower-case hexadecimal. SM3 is the national hash (GB/T 32905-2016), SHA-256 what everybody can check."""

    sha256: str
    sm3: str


def _plain(value: Any) -> str:
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).isoformat()
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, uuid.UUID):
        return str(value)
    raise TypeError(f"not part of canonical JSON: {type(value).__name__}")


def canonical_json(value: Any) -> bytes:
    """UTF-8, keys sorted, no spaces, no NaN; times in UTC, decimals as written, so equal data give equal bytes."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_plain
    ).encode()


def digests(content: bytes) -> Digests:
    return Digests(hashlib.sha256(content).hexdigest(), hashlib.new("sm3", content).hexdigest())


def as_plain(value: Any) -> Any:
    """The same value as a JSON field gives it back: what was digested is what is stored."""
    return json.loads(canonical_json(value))
