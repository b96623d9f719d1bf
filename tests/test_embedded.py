"""The embedded servers start, stop, and say in one line why they cannot."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest

from portal import embedded
from portal.embedded import CannotStart, servers

ROOT = Path(__file__).parent.parent


@pytest.fixture
def data_dir():
    """Short, unlike pytest's own: a socket's path holds 107 bytes."""
    path = Path(tempfile.mkdtemp(prefix="p-"))
    yield path
    shutil.rmtree(path)


def environment(data_dir: Path) -> dict[str, str]:
    ours = ("DATABASE_URL", "REDIS_URL", "PORTAL_CLAMD", "DJANGO_SETTINGS_MODULE")
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return {**kept, "PORTAL_DATA_DIR": str(data_dir)}


def run(data_dir: Path, *command: str) -> subprocess.Popen:
    line = [sys.executable, "-m", "portal.embedded", "run", "--", *command]
    return subprocess.Popen(
        line, cwd=ROOT, env=environment(data_dir), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def running_in(data_dir: Path) -> list[psutil.Process]:
    return [p for p in psutil.process_iter(["cmdline"]) if str(data_dir) in " ".join(p.info["cmdline"] or [])]


def wait_until(condition, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)


ASK_BOTH = """
import json, django
django.setup()
from django.conf import settings
from django.db import connection
import redis
with connection.cursor() as cursor:
    cursor.execute("SELECT current_database(), current_setting('server_version')")
    database = cursor.fetchone()
print(json.dumps([*database, redis.Redis.from_url(settings.REDIS_URL).ping()]))
"""


@pytest.mark.slow
def test_both_servers_serve_the_command_and_end_with_it(data_dir):
    process = run(
        data_dir,
        "env",
        "DJANGO_SETTINGS_MODULE=portal.settings",
        sys.executable,
        "-c",
        ASK_BOTH + "raise SystemExit(3)",
    )
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 3, errors
    name, version, pong = json.loads(output)
    assert name == "portal"
    assert version.startswith("18")
    assert pong is True
    assert running_in(data_dir) == []


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_no_process_survives_a_signal(data_dir, number):
    process = run(data_dir, "sleep", "1000")
    wait_until(lambda: any("sleep" in child.name() for child in psutil.Process(process.pid).children()))
    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) > 5

    process.send_signal(number)
    process.communicate(timeout=60)
    _gone, alive = psutil.wait_procs(children, timeout=30)
    assert alive == []
    assert process.returncode == (-number if number == signal.SIGKILL else 128 + number)


@pytest.mark.slow
def test_a_second_portal_on_the_same_data_is_refused_and_the_first_goes_on(data_dir):
    with servers(data_dir, postgres=False):
        process = run(data_dir, "true")
        _output, errors = process.communicate(timeout=60)
        assert process.returncode == 1
        assert errors.count("\n") == 1
        assert "already runs" in errors
        assert running_in(data_dir) != []


def test_an_interrupted_start_is_made_good_by_the_next(data_dir):
    (data_dir / "postgres.new").mkdir()
    (data_dir / "postgres.new" / "half").write_text("made")
    with servers(data_dir, redis=False, durable=False):
        assert (data_dir / "postgres" / "PG_VERSION").exists()
    assert not (data_dir / "postgres.new").exists()


def test_data_of_another_postgresql_is_named(data_dir):
    (data_dir / "postgres").mkdir()
    (data_dir / "postgres" / "PG_VERSION").write_text("16\n")
    with pytest.raises(CannotStart, match="was made by PostgreSQL 16"), servers(data_dir, redis=False):
        pass


def test_a_path_too_long_for_a_socket_is_named(data_dir):
    long = data_dir / ("x" * 100)
    with pytest.raises(CannotStart, match="107 is the most; set PORTAL_DATA_DIR"), servers(long):
        pass


def test_a_full_disk_is_named(data_dir, monkeypatch):
    monkeypatch.setattr(embedded.shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(10**9, 10**9, 5 << 20))
    with pytest.raises(CannotStart, match="has 5 MB free"), servers(data_dir):
        pass


def test_a_data_directory_that_cannot_be_made_is_named(data_dir):
    (data_dir / "file").write_text("in the way")
    with pytest.raises(CannotStart, match="Not a directory"), servers(data_dir / "file"):
        pass


def test_a_server_that_ends_at_once_is_explained_by_its_log(data_dir):
    log = data_dir / "log"
    command = ["sh", "-c", "echo starting; echo 'FATAL:  no luck today'; exit 1"]

    def ready():
        raise embedded.redis.ConnectionError

    with (
        pytest.raises(CannotStart, match="Thing cannot start: FATAL:  no luck today"),
        embedded._server("Thing", command, log, ready, signal.SIGTERM),
    ):
        pass


def test_without_a_redis_of_wheel_or_machine_the_way_out_is_named(data_dir, monkeypatch):
    monkeypatch.setattr(embedded, "_wheel", lambda *_parts: None)
    monkeypatch.setattr(embedded.shutil, "which", lambda _name: None)
    with pytest.raises(CannotStart, match="No redis-server or valkey-server"), servers(data_dir, postgres=False):
        pass


def test_without_clamd_the_way_out_is_named(data_dir, monkeypatch):
    monkeypatch.setattr(embedded.clamav, "program", lambda: None)
    with (
        pytest.raises(CannotStart, match="clamd is not installed; run script/bootstrap, or set PORTAL_CLAMD"),
        servers(data_dir, postgres=False, redis=False, clamd_max_bytes=1000),
    ):
        pass


def test_usage_and_unknown_commands(data_dir):
    assert embedded.main(["start"]) == 2
    process = run(data_dir, "no-such-command-anywhere")
    _output, errors = process.communicate(timeout=60)
    assert process.returncode == 127
    assert "no-such-command-anywhere" in errors
