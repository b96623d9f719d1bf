"""The whole portal as `script/server` runs it: servers, gunicorn, worker, beat and demo, and a mailbox beside it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.policy import default
from pathlib import Path

import psutil
from aiosmtpd.controller import Controller

ROOT = Path(__file__).resolve().parent.parent.parent
PASSWORD = "demo-2026-portal"


class Mailbox:
    """Every mail that reached the SMTP server, oldest first."""

    def __init__(self) -> None:
        self.mails: list[Message] = []

    async def handle_DATA(self, server, session, envelope) -> str:
        self.mails.append(message_from_bytes(envelope.content, policy=default))
        return "250 OK"

    def to(self, address: str) -> list[Message]:
        return [mail for mail in self.mails if mail["To"] == address]


@dataclass(frozen=True)
class Portal:
    """Where it runs, and what its visitors have in common: the sessions that began, the pages looked at closely."""

    url: str
    mailbox: Mailbox
    environment: dict[str, str]
    sessions: dict[str, list] = field(default_factory=dict)
    seen: set[tuple] = field(default_factory=set)

    def manage(self, *arguments: str) -> str:
        """Run a management command beside the portal, as an operator would."""
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment, check=True, capture_output=True, text=True
        ).stdout


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running_portal() -> Iterator[Portal]:
    """Start everything in a directory of its own; ends with what it printed when it does not get ready."""
    mailbox = Mailbox()
    smtp = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    smtp.start()
    kept = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH")
    with tempfile.TemporaryDirectory(prefix="portal-e2e-") as directory:
        environment = {name: os.environ[name] for name in kept if name in os.environ} | {
            "PORTAL_DATA_DIR": directory,
            "PORT": str(free_port()),
            "EMAIL_URL": f"smtp://127.0.0.1:{smtp.port}",
        }
        log = Path(directory, "portal.log")
        with log.open("w") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "portal.serve"], cwd=ROOT, env=environment, stdout=output, stderr=output
            )
        try:
            _wait_until_ready(process, log)
            yield Portal(f"http://127.0.0.1:{environment['PORT']}", mailbox, environment)
        finally:
            _end_by_ctrl_c(process, log)
            smtp.stop()


def _end_by_ctrl_c(process: subprocess.Popen, log: Path) -> None:
    """It ends in peace, and leaves no process behind."""
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 0
    assert log.read_text().endswith("Stopped.\n")
    _gone, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []


def _wait_until_ready(process: subprocess.Popen, log: Path) -> None:
    while "Ready:" not in log.read_text():
        try:
            process.wait(timeout=0.3)
        except subprocess.TimeoutExpired:
            continue
        raise RuntimeError(f"The portal did not start:\n{log.read_text()}")
