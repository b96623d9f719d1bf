"""A real worker: it says that it lives, and outlives the loss of Redis with a job at hand."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
import redis

from portal.broker import WORKER_KEY
from portal.celery import app
from portal.embedded import servers
from tests.jobs_for_tests import take_time

ROOT = Path(__file__).parent.parent


def wait_until(condition, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.2)


@pytest.fixture
def data_dir():
    path = Path(tempfile.mkdtemp(prefix="p-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def worker(data_dir):
    environment = {**os.environ, "PORTAL_DATA_DIR": str(data_dir), "DJANGO_SETTINGS_MODULE": "portal.settings"}
    line = [sys.executable, "-m", "celery", "--quiet", "--app", "portal", "worker", "--queues", "default"]
    line += ["--concurrency", "1", "--include", "tests.jobs_for_tests"]
    process = subprocess.Popen(line, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    yield process
    process.send_signal(signal.SIGTERM)
    process.wait(30)


@pytest.mark.slow
def test_a_worker_outlives_the_loss_of_redis_with_a_job_at_hand(data_dir, worker):
    socket = data_dir / "run" / "redis.sock"

    def alive() -> bool:
        return bool(redis.Redis(unix_socket_path=str(socket)).exists(WORKER_KEY))

    def send(seconds: float, name: str) -> None:
        with app.connection_for_write(f"redis+socket://{socket}") as connection:
            take_time.apply_async(args=(seconds, str(data_dir / name)), connection=connection)

    with servers(data_dir, postgres=False):
        wait_until(alive)
        send(4, "first")
        wait_until(lambda: redis.Redis(unix_socket_path=str(socket)).hlen("unacked") == 1)
    wait_until((data_dir / "first").exists)
    assert worker.poll() is None

    with servers(data_dir, postgres=False):
        wait_until(alive)
        send(0, "second")
        wait_until((data_dir / "second").exists)
