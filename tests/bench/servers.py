"""Servers to measure: the portal's web process as the Procfile starts it, and whatever it is held against."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.bench.databases import ROOT
from tests.e2e.running import free_port


class Server(NamedTuple):
    port: int
    process: subprocess.Popen


@contextmanager
def web_process(database_url: str, **variables: str) -> Iterator[Server]:
    """The Procfile's web process on that database; `variables` are added to its environment."""
    lines = (ROOT / "Procfile").read_text().splitlines()
    command = next(line.removeprefix("web: ") for line in lines if line.startswith("web: "))
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    port = free_port()
    environment = {**os.environ, "PATH": path, "DATABASE_URL": database_url, "PORT": str(port), **variables}
    with running(["sh", "-c", command], port, environment) as process:
        yield Server(port, process)


@contextmanager
def running(command: list[str], port: int, environment: dict[str, str]) -> Iterator[subprocess.Popen]:
    """The command, once something listens on the port."""
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, process, command)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def _wait_for(port: int, process: subprocess.Popen, command: list[str]) -> None:
    for _attempt in range(150):
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"{shlex.join(command)} does not answer")
