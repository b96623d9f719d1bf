"""What the demo's documents say, for reading in the page and for search."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from portal.bigrams import bigrams, folded
from portal.shell.demo.files import Document
from vault.enums import Place
from vault.models import Extract, StoredFile
from vault.places import storage_of
from vault.sandbox import examine

BATCH = 1000


def write_extracts(documents: Iterable[Document]) -> None:
    """Read each document once, as a worker does, and write it down for every institution that has it."""
    for document in documents:
        path = Path(storage_of(Place.DISK).path(document.file))
        extract = examine(path, document.content_type).extract
        if not extract:
            continue
        extract |= {"folded": folded(extract["text"]), "bigrams": bigrams(extract["text"])}
        stored = StoredFile.objects.filter(sha256=document.sha256, path=document.file).values_list("pk", flat=True)
        Extract.objects.bulk_create((Extract(stored_id=pk, **extract) for pk in stored), batch_size=BATCH)
