"""Which browser the tests and the pictures are taken with."""

import os
import shutil
from typing import Any


def launch_options() -> dict[str, Any]:
    """The machine's own Chromium where there is one; Chromium's sandbox does not work as root."""
    found = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    options: dict[str, Any] = {"executable_path": found} if found else {}
    if os.geteuid() == 0:
        options["args"] = ["--no-sandbox"]
    return options
