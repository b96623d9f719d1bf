"""OFD (GB/T 33190): a zip in which each page is XML, and its words are the elements TextCode."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from typing import IO, Any

from defusedxml.ElementTree import iterparse

PAGE = re.compile(r"Doc_(\d+)/Pages/Page_(\d+)/Content\.xml")


def blocks(file: IO[bytes]) -> Iterator[dict[str, Any]]:
    with zipfile.ZipFile(file) as archive:
        pages = [(int(found[1]), int(found[2]), name) for name in archive.namelist() if (found := PAGE.search(name))]
        for _document, _page, name in sorted(pages):
            with archive.open(name) as page:
                yield {"kind": "text", "text": "\n".join(_words(page))}


def _words(page: IO[bytes]) -> Iterator[str]:
    for _event, element in iterparse(page):
        if element.tag.rpartition("}")[2] == "TextCode" and element.text:
            yield element.text
