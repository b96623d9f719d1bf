"""Write a package: what was signed, the files, and the index over both."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from portal.audit.canonical import as_plain
from reports.packages.archive import Archive, is_compressed
from reports.packages.contents import Contents, Refused, changed, missing
from tasks.models import Evidence
from vault.enums import Fault
from vault.models import StoredFile
from vault.places import pieces

README = Path(__file__).with_name("readme.txt")


def write(contents: Contents, file: IO[bytes], at: datetime.datetime) -> None:
    """The zip into `file`, in the active language.

    Each file is digested as it is copied. Raises Refused when one is not what was signed; one that is not there
    is said to be missing.
    """
    with Archive(file, timezone.localtime(at)) as archive:
        for path, content in contents.signed.items():
            archive.add_bytes(path, content)
        for path, evidence in contents.files.items():
            _add_evidence(archive, contents, path, evidence)
        archive.add_bytes("index.json", _index(contents.index))
        archive.add_bytes("index.html", _page(contents.index))
        archive.add_bytes("README.txt", README.read_text(encoding="utf-8").encode("utf-8-sig"))


def _add_evidence(archive: Archive, contents: Contents, path: str, evidence: Evidence) -> None:
    stored = evidence.stored
    try:
        stored.open().close()  # finds a file that was moved meanwhile
    except FileNotFoundError:
        contents.leave_out(path, missing(Fault.MISSING))
        return
    written = archive.add(path, _bytes(stored), stored.size, is_stored=is_compressed(stored.content_type))
    if written != (stored.sha256, stored.sm3):
        raise Refused(changed(evidence.original_name))


def _bytes(stored: StoredFile) -> Iterator[bytes]:
    return pieces(stored.place, stored.path)


def _index(index: dict[str, Any]) -> bytes:
    return json.dumps(as_plain(index), ensure_ascii=False, indent=1).encode()


def _page(index: dict[str, Any]) -> bytes:
    return render_to_string("reports/package/index.html", {"index": index, "style": _style()}).encode()


def _style() -> SafeString:
    """The style sheet within the page, which is read where there is nothing else."""
    css = Path(finders.find("css/package.css") or "").read_text(encoding="utf-8")
    return format_html("<style>{}</style>", mark_safe(css))  # noqa: S308 – our own file
