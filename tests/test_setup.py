"""The scripts: what they say when they cannot go on, and what the portal says when it cannot start."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# What the script itself uses; a machine without these is not one to run on.
COREUTILS = ("bash", "cat", "cut", "dirname", "env", "grep", "id", "mkdir", "sha256sum", "tail")


@pytest.fixture
def bare_machine(tmp_path):
    """A PATH with hardly anything on it, and whatever a test adds."""
    for name in COREUTILS:
        (tmp_path / name).symlink_to(shutil.which(name))

    def run(*arguments: str, **programs: str) -> subprocess.CompletedProcess:
        for name, script in programs.items():
            program = tmp_path / name.replace("_", "-")
            program.write_text(f"#!{shutil.which('bash')}\n{script}\n")
            program.chmod(0o755)
        line = [str(ROOT / "script" / "bootstrap"), *arguments]
        return subprocess.run(
            line, env={"PATH": str(tmp_path), "HOME": str(tmp_path)}, capture_output=True, text=True, timeout=60
        )

    return run


def test_bootstrap_explains_its_options(bare_machine):
    done = bare_machine("--fast")
    assert done.returncode == 1
    assert done.stderr.startswith("usage: script/bootstrap")


def test_bootstrap_without_apt_names_the_packages(bare_machine):
    done = bare_machine(ldconfig="true")
    assert done.returncode == 1
    assert "libpango-1.0-0" in done.stderr
    assert "libharfbuzz-subset0" in done.stderr
    assert "poppler-utils" in done.stderr
    assert done.stderr.count("\n") == 1


def test_bootstrap_for_the_server_wants_no_browser(bare_machine):
    done = bare_machine("--without-browser", ldconfig="true")
    assert "gettext" in done.stderr
    assert "poppler-utils" not in done.stderr
    assert "chromium" not in done.stderr


def test_bootstrap_that_may_not_install_names_the_line_to_run(bare_machine):
    # As root it tries, and apt refuses; otherwise it has no right to.
    done = bare_machine(ldconfig="true", apt_get="echo 'E: no network' >&2; exit 100", sudo="exit 1")
    assert done.returncode == 1
    assert "Run this line" in done.stderr
    assert "sudo apt-get install -y --no-install-recommends libpango-1.0-0" in done.stderr


def test_each_direct_dependency_says_what_it_is_there_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = [project["project"]["dependencies"], *project["dependency-groups"].values()]
    python = {re.match(r"[\w-]+", line)[0] for group in groups for line in group}
    npm = set(json.loads((ROOT / "package.json").read_text())["dependencies"])
    rows = (ROOT / "docs" / "dependencies.md").read_text().splitlines()
    cells = [row.split("|")[1] for row in rows if row.startswith("| ")]
    explained = {name.strip() for cell in cells for name in re.sub(r"\[.*?\]", "", cell).split(",")}
    assert python | npm == explained - {"package"}


def test_the_npm_lock_names_no_registry():
    assert '"resolved"' not in (ROOT / "package-lock.json").read_text()


# --- The start: what follows it is in tests/e2e -----------------------------------------------------------


@pytest.fixture
def data_dir():
    path = Path(tempfile.mkdtemp(prefix="p-"))
    yield path
    shutil.rmtree(path)


def start(data_dir: Path, port: int) -> subprocess.Popen:
    ours = ("DATABASE_URL", "REDIS_URL", "PORTAL_CLAMD", "DJANGO_SETTINGS_MODULE")
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return subprocess.Popen(
        [sys.executable, "-m", "portal.serve"],
        cwd=ROOT,
        env={**kept, "PORTAL_DATA_DIR": str(data_dir), "PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture
def taken_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.mark.slow
def test_a_port_in_use_ends_the_server_with_one_line(data_dir, taken_port):
    process = start(data_dir, taken_port)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert output == f"Port {taken_port} cannot be used (Address already in use); set PORT to another one.\n"
