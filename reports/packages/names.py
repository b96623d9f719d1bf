"""Names inside a package: the same on Windows, macOS and Linux, however the file was called."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

# Linux allows 255 bytes a name, Windows some 260 characters for a whole path.
STEM_BYTES = 120
SUFFIX_BYTES = 20
DIGEST_CHARACTERS = 16
NOT_ON_WINDOWS = re.compile(r'[<>:"/\\|?*]')


def file_path(task: int, name: str, sha256: str) -> str:
    """Where a file of evidence lies. Its digest in front tells versions of one name apart."""
    return f"files/{task}/{sha256[:DIGEST_CHARACTERS]}-{safe_name(name)}"


def safe_name(name: str) -> str:
    """The name without what some system refuses, hides or reads as something else, and not too long for any."""
    visible = "".join("_" if unicodedata.category(character)[0] == "C" else character for character in name)
    plain = NOT_ON_WINDOWS.sub("_", unicodedata.normalize("NFC", visible)).strip(" .")
    suffix = PurePosixPath(plain).suffix
    if len(suffix.encode()) > SUFFIX_BYTES:
        suffix = ""
    stem = plain.removesuffix(suffix)
    return (_cut(stem, STEM_BYTES).strip(" .") or "_") + suffix


def _cut(text: str, size: int) -> str:
    """As many whole characters as fit into `size` bytes of UTF-8."""
    return text.encode()[:size].decode(errors="ignore")
