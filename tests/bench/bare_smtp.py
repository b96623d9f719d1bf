"""What a mail costs at least: `smtplib` in a loop over one connection, the same bytes each time.

`python -m tests.bench.bare_smtp PORT COUNT FILE`, where the file holds the mail; it starts when it reads a line.
"""

from __future__ import annotations

import smtplib
import sys
from pathlib import Path


def main(port: int, count: int, mail: bytes) -> None:
    sys.stdin.readline()
    with smtplib.SMTP("127.0.0.1", port, local_hostname="bench.example") as server:
        for number in range(count):
            server.sendmail("portal@portal.example", [f"person{number}@bench.example"], mail)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]).read_bytes())
