"""A mail server in a process of its own, that takes everything and writes down what, a line a mail.

It offers PIPELINING, as mail servers do: the portal makes use of it, `smtplib` does not.

`python -m tests.bench.smtp_sink PORT FILE`
"""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from pathlib import Path

from aiosmtpd.smtp import SMTP

MESSAGE_ID = re.compile(rb"^Message-ID:\s*(\S+)", re.IGNORECASE | re.MULTILINE)


class Sink:
    def __init__(self, file: Path) -> None:
        self.lines = file.open("a", buffering=1)

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        return [responses[0], "250-PIPELINING", *responses[1:]]

    async def handle_DATA(self, server, session, envelope):
        found = MESSAGE_ID.search(envelope.content)
        number = found.group(1).decode() if found else ""
        self.lines.write(f"{envelope.rcpt_tos[0]} {number} {len(envelope.content)}\n")
        return "250 2.0.0 OK queued"


async def serve(port: int, file: Path) -> None:
    loop = asyncio.get_running_loop()
    sink = Sink(file)
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    server = await loop.create_server(lambda: SMTP(sink, hostname="sink.example", loop=loop), "127.0.0.1", port)
    await stopped.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
