"""ClamAV for the demo and the tests: how `portal/embedded.py` runs the machine's own clamd.

It knows one signature, that of the EICAR test file, so it starts at once and shows what happens to an infected
file. It protects nobody: production brings a clamd with signatures that freshclam keeps up to date.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

SIGNATURE_NAME = "Portal.Eicar-Test"
# In two pieces, or each scanner would take this file for the test file.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
# clamd takes no more than this for its limits.
LIMIT_MAX_BYTES = 2**31 - 1


def program() -> Path | None:
    """The installed clamd, which Debian keeps where an ordinary user's PATH does not lead."""
    found = shutil.which("clamd", path=f"{os.defpath}:/usr/local/sbin:/usr/sbin:/sbin")
    return Path(found) if found else None


def prepare(directory: Path, socket: Path, max_bytes: int) -> list[str]:
    """Write signature and configuration below `directory`; the command that starts clamd with them.

    `max_bytes` is the largest file it takes.
    """
    installed = program()
    if installed is None:
        raise FileNotFoundError("clamd")
    signatures, temporary, copy = directory / "signatures", directory / "tmp", directory / "clamd"
    for folder in (signatures, temporary):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (signatures / "portal.ndb").write_text(f"{SIGNATURE_NAME}:0:*:{EICAR.hex()}\n")
    # Debian's AppArmor confines the installed program to the directories of the system's own clamd.
    shutil.copy2(installed, copy)
    configuration = directory / "clamd.conf"
    settings = {
        "Foreground": "yes",
        "LocalSocket": socket,
        "LocalSocketMode": "600",
        "DatabaseDirectory": signatures,
        "TemporaryDirectory": temporary,
        "StreamMaxLength": min(max_bytes, LIMIT_MAX_BYTES),
        # Equal, or an entry of an archive that is over the first and within the second passes without a word.
        "MaxFileSize": LIMIT_MAX_BYTES,
        "MaxScanSize": LIMIT_MAX_BYTES,
        "AlertExceedsMax": "yes",
        "MaxThreads": 4,
    }
    configuration.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    return [str(copy), "--config-file", str(configuration)]
