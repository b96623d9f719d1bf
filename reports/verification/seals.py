"""What a report bears on its last page: its code, and where it leads, in words and as a QR code."""

from __future__ import annotations

from typing import NamedTuple

import segno
from django.conf import settings
from django.urls import reverse

from reports.verification.codes import grouped, new_code

QUIET_ZONE = 4


class QrCode(NamedTuple):
    """A path for an SVG, one unit a module; the quiet zone is part of `size`."""

    path: str
    size: int


class Seal(NamedTuple):
    code: str

    @property
    def shown_code(self) -> str:
        return grouped(self.code)

    @property
    def url(self) -> str:
        return settings.SITE_URL + reverse("verification:code", args=[self.code])

    @property
    def qr(self) -> QrCode:
        symbol = segno.make_qr(self.url, error="m")
        rows = enumerate(symbol.matrix_iter(border=QUIET_ZONE))
        path = "".join(f"M{x} {y}h1v1h-1z" for y, row in rows for x, is_dark in enumerate(row) if is_dark)
        return QrCode(path, symbol.symbol_size(border=QUIET_ZONE)[0])


def new_seal() -> Seal:
    return Seal(new_code())
