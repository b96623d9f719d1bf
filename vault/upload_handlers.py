"""How Django keeps the files of a plain form while they arrive: within the limit, and where they will lie."""

from __future__ import annotations

import tempfile
from io import BytesIO
from pathlib import Path

from django.conf import settings
from django.core.files.uploadedfile import InMemoryUploadedFile, TemporaryUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, TemporaryFileUploadHandler

from vault.enums import Place
from vault.parts import NO_ROOM, SUFFIX
from vault.places import storage_of


class UnkeptFile(InMemoryUploadedFile):
    """A file of which nothing was kept, because the disk is full. `vault.arrivals.inspect` says so."""


class SizeLimitHandler(FileUploadHandler):
    """Stop keeping a file once it passes the limit. The rest is read and dropped, so that the form gets its answer.

    What comes out is an empty file with the true size: `vault.arrivals.inspect` refuses it by name.
    """

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        return raw_data if start + len(raw_data) <= settings.EVIDENCE_MAX_BYTES else None

    def file_complete(self, file_size: int) -> InMemoryUploadedFile | None:
        if file_size <= settings.EVIDENCE_MAX_BYTES:
            return None
        return InMemoryUploadedFile(
            BytesIO(), self.field_name, self.file_name, self.content_type, file_size, self.charset
        )


class IncomingFile(TemporaryUploadedFile):
    """Lies in the incoming place from its first byte on, so that it is renamed and not copied when it is taken in."""

    def __init__(self, name, content_type, size, charset, content_type_extra=None) -> None:
        folder = Path(storage_of(Place.INCOMING).path(""))
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = tempfile.NamedTemporaryFile(suffix=SUFFIX, dir=folder)  # noqa: SIM115 - open as long as the request
        UploadedFile.__init__(self, file, name, content_type, size, charset, content_type_extra)


class IncomingFileHandler(TemporaryFileUploadHandler):
    """Takes the files that are too large for memory; says of one that found no room that nothing was kept."""

    def new_file(self, *args, **kwargs) -> None:
        FileUploadHandler.new_file(self, *args, **kwargs)
        self.is_kept = True
        self.file = IncomingFile(self.file_name, self.content_type, 0, self.charset, self.content_type_extra)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if not self.is_kept:
            return
        try:
            super().receive_data_chunk(raw_data, start)
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            self.is_kept = False
            self.file.close()

    def file_complete(self, file_size: int) -> UploadedFile | None:
        if self.is_kept:
            return super().file_complete(file_size)
        return UnkeptFile(BytesIO(), self.field_name, self.file_name, self.content_type, file_size, self.charset)
