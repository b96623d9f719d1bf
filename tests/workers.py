"""Workers as they run in production, on the tests' database, to be killed."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

from django.conf import settings
from django.db import connection

from tests.databases import address_of


def connection_parameters():
    wanted = connection.get_connection_params()
    return {name: wanted[name] for name in ("dbname", "user", "host", "port") if name in wanted}


def wait_until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)


@contextmanager
def worker(queue: str, **variables: str):
    """A real Celery worker on the tests' database, Redis and storage, for one queue; `variables` are its settings."""
    environment = {**os.environ, "DATABASE_URL": address_of(connection.settings_dict["NAME"]), **variables}
    process = subprocess.Popen(
        [sys.executable, "-m", "celery", "--app", "portal", "worker", "--queues", queue, "--concurrency", "1"],
        cwd=settings.BASE_DIR,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
