"""Images: decoded in full, since only that tells a picture from what merely begins like one."""

from __future__ import annotations

import warnings
from typing import IO

from PIL import Image

from vault.inspection.problem import Problem

# A3 at 600 dots an inch has 70 million.
PIXELS_MAX = 200_000_000
FORMATS = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
    "image/tiff": "TIFF",
}


def inspect(file: IO[bytes], content_type: str) -> set[str]:
    """Raises Problem."""
    Image.MAX_IMAGE_PIXELS = PIXELS_MAX // 2  # twice as many are an error
    warnings.simplefilter("ignore")
    try:
        with Image.open(file, formats=[FORMATS[content_type]]) as image:
            image.load()
    except Image.DecompressionBombError as error:
        raise Problem("not_scannable") from error
    except Exception as error:  # whatever a decoder makes of broken bytes
        raise Problem("damaged") from error
    return set()
