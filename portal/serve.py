"""Runs the whole portal on one machine, for the demo and for work on it: what `script/server` calls.

Servers, migrations, plan, demo data, static files, then the processes of the Procfile, until a signal.
"""

import io
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connections

from portal.broker import worker_answers
from portal.embedded import CannotStart, child, servers, stopped_by_signals
from portal.probe import ask, dead

PLAN = "plan/library/csf-2014.yaml"
READY_SECONDS = 90


def main() -> int:
    try:
        with stopped_by_signals():
            _check_port()
            with servers(
                settings.DATA_DIR,
                postgres=settings.EMBEDDED_POSTGRES,
                redis=settings.EMBEDDED_REDIS,
                clamd_max_bytes=settings.EVIDENCE_MAX_BYTES if settings.EMBEDDED_CLAMD else 0,
            ):
                _prepare()
                return _run()
    except CannotStart as reason:
        _say(str(reason), sys.stderr)
        return 1
    except SystemExit as stop:
        # Ctrl-C and kill are how the portal is meant to end.
        if stop.code in (128 + signal.SIGINT, 128 + signal.SIGTERM, 128 + signal.SIGHUP):
            _say("Stopped.")
            return 0
        raise


def _check_port() -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", settings.PORT))
        except OSError as error:
            raise CannotStart(
                f"Port {settings.PORT} cannot be used ({error.strerror}); set PORT to another one."
            ) from error


@contextmanager
def _step(name: str) -> Iterator[None]:
    _say(f"{name} …")
    try:
        yield
    except (CommandError, DatabaseError, OSError) as error:
        if settings.DEBUG:
            raise
        first_line = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise CannotStart(f"{name} failed: {first_line}") from error


def _prepare() -> None:
    settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
    django.setup()
    from django.contrib.auth import get_user_model

    with _step("Database"):
        call_command("migrate", verbosity=0)
    with _step("Plan"):
        call_command("load_plan", PLAN, stdout=io.StringIO())
    if not settings.PRODUCTION and not get_user_model().objects.exists():
        with _step("Demo data"):
            call_command("load_demo", stdout=io.StringIO())
    with _step("Static files"):
        call_command("collectstatic", interactive=False, verbosity=0)
    connections.close_all()


def _run() -> int:
    # A file .env is for docker-compose.yml; honcho would read it too.
    honcho = [sys.executable, "-m", "honcho", "start", "--env", os.devnull, "--procfile", "Procfile"]
    os.environ["PORT"] = str(settings.PORT)
    # Honcho gives each process a PORT of its own, and links in mails must not be made from that.
    os.environ["PORTAL_URL"] = settings.SITE_URL
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    # As root this is a demo in a container or on a bare machine, and nothing to warn of at each start.
    os.environ["PYTHONWARNINGS"] = "ignore:You're running the worker with superuser privileges"
    with child(honcho) as process:
        _wait_until_ready(process)
        if settings.CLAMD == "none":
            _say("\nNo malware scanner: files are accepted unscanned, and say so. script/bootstrap installs clamd.")
        _say(f"\nReady: http://127.0.0.1:{settings.PORT}/\n")
        call_command("load_demo", accounts=True)
        sys.stdout.flush()
        connections.close_all()
        return process.wait()


def _wait_until_ready(process: subprocess.Popen) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not worker_answers() or dead(ask()):
        if process.poll() is not None:
            raise CannotStart("The portal stopped while it started; the lines above say why.")
        if time.monotonic() > deadline:
            raise CannotStart(f"After {READY_SECONDS} seconds these do not answer: {', '.join(dead(ask()))}.")
        time.sleep(0.3)


def _say(line: str, stream=None) -> None:
    print(line, file=stream or sys.stdout, flush=True)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    os.chdir(settings.BASE_DIR)
    sys.exit(main())
