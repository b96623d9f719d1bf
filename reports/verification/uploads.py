"""A file that is only measured: its digests are taken while it arrives, and none of it is kept."""

from __future__ import annotations

import hashlib
from io import BytesIO

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler

from portal.audit.canonical import Digests

MAX_BYTES = 50 * 1024**2


class MeasuredFile(UploadedFile):
    """Has a name, a size and digests, and no content. The digests are those of the whole up to MAX_BYTES only."""

    def __init__(self, name: str, content_type: str, size: int, digests: Digests) -> None:
        super().__init__(BytesIO(), name, content_type, size)
        self.digests = digests


class MeasuringHandler(FileUploadHandler):
    """What goes past the limit is read and dropped, so that the form gets its answer."""

    def new_file(self, *args, **kwargs) -> None:
        super().new_file(*args, **kwargs)
        self.sha256, self.sm3 = hashlib.sha256(), hashlib.new("sm3")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start < MAX_BYTES:
            self.sha256.update(raw_data)
            self.sm3.update(raw_data)

    def file_complete(self, file_size: int) -> MeasuredFile:
        found = Digests(self.sha256.hexdigest(), self.sm3.hexdigest())
        return MeasuredFile(self.file_name, self.content_type, file_size, found)
