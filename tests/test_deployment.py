"""What production is given and what it refuses. Docker itself is not run here."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from django.core.checks import Tags, run_checks
from django.db import OperationalError

from portal.shell import demo_guard
from portal.shell.demo_guard import refuse_demo_accounts

ROOT = Path(__file__).parent.parent
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
OURS = ("migrate", "web", "worker", "beat")
GIVEN = {
    "PORTAL_SECRET_KEY": "long-and-varied-0123456789-abcdefghijklmnopqrstuvwxyz",
    "PORTAL_URL": "https://portal.example",
    "PORTAL_HOSTS": "portal.example",
    "EMAIL_URL": "smtp+tls://user:password@mail.example:587",
    "PORTAL_FROM_EMAIL": "portal@portal.example",
    "POSTGRES_PASSWORD": "secret",
}


def compose_environment(given: dict[str, str]) -> dict[str, str]:
    """The containers' environment, for what somebody wrote into `.env`."""
    written = COMPOSE["services"]["web"]["environment"]
    return {
        name: re.sub(r"\$\{(\w+)[^}]*\}", lambda match: given.get(match[1], ""), value)
        for name, value in written.items()
        if value is not None
    }


def manage(environment: dict[str, str], *command: str) -> subprocess.CompletedProcess:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "PORTAL_DATA_DIR") if name in os.environ}
    line = [sys.executable, "manage.py", *command]
    return subprocess.run(line, cwd=ROOT, env=kept | environment, capture_output=True, text=True, timeout=120)


# --- docker-compose.yml -----------------------------------------------------------------------------------


def test_compose_runs_every_process_of_the_procfile_from_one_image():
    services = COMPOSE["services"]
    assert set(services) == {*OURS, "postgres", "redis", "clamav"}
    assert len({services[name]["image"] for name in OURS}) == 1
    processes = {line.split(":")[0] for line in (ROOT / "Procfile").read_text().splitlines()}
    assert processes == {services[name]["command"][-1] for name in ("web", "worker", "beat")}
    assert services["postgres"]["image"] == "postgres:18"


def test_compose_migrates_before_anything_serves():
    services = COMPOSE["services"]
    assert services["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    for name in ("web", "worker", "beat"):
        assert services[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_a_process_of_the_procfile_takes_the_place_of_the_script(tmp_path):
    (tmp_path / "script").mkdir()
    script = shutil.copy(ROOT / "script" / "process", tmp_path / "script" / "process")
    (tmp_path / "Procfile").write_text('web: exec sh -c "echo ${PORT:-8000} \\$\\$"\nworker: exec false\n')
    process = subprocess.Popen([script, "web"], stdout=subprocess.PIPE, text=True)
    assert process.communicate(timeout=30)[0] == f"8000 {process.pid}\n"


@pytest.mark.parametrize("name", ["web", "worker", "postgres", "redis", "clamav"])
def test_compose_watches_each_server(name):
    assert COMPOSE["services"][name]["healthcheck"]["test"]


def test_compose_holds_no_secret_and_demands_each():
    text = (ROOT / "docker-compose.yml").read_text()
    assert set(re.findall(r"\$\{(\w+):\?", text)) == set(GIVEN)


def test_the_image_runs_as_an_ordinary_user():
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert lines.index("USER portal") > max(number for number, line in enumerate(lines) if line.startswith("COPY"))


def test_compose_gives_production_all_it_needs():
    done = manage(compose_environment(GIVEN), "check", "--deploy", "--fail-level", "WARNING")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "name",
    ["PORTAL_SECRET_KEY", "PORTAL_URL", "PORTAL_HOSTS", "DATABASE_URL", "REDIS_URL", "EMAIL_URL", "PORTAL_CLAMD"],
)
def test_production_names_the_variable_that_is_missing(name):
    environment = compose_environment(GIVEN)
    del environment[name]
    done = manage(environment, "check")
    assert done.returncode != 0
    assert f"Set the {name} environment variable" in done.stderr


def test_compose_gives_the_scanner_limits_that_nothing_slips_through():
    """An entry of an archive above MaxFileSize and below MaxScanSize would pass without a word."""
    given = COMPOSE["services"]["clamav"]["environment"]
    assert given["CLAMD_CONF_MaxFileSize"] == given["CLAMD_CONF_MaxScanSize"]
    assert given["CLAMD_CONF_AlertExceedsMax"] == "yes"
    assert "PORTAL_EVIDENCE_MAX_BYTES" in given["CLAMD_CONF_StreamMaxLength"]


@pytest.mark.parametrize("address", ["clamav:3310", "http://clamav"])
def test_an_address_of_the_scanner_that_is_none_is_refused(address):
    done = manage(compose_environment(GIVEN) | {"PORTAL_CLAMD": address}, "check")
    assert "PORTAL_CLAMD is unix:///path, tcp://host:3310 or none." in done.stderr


# --- Demo accounts ----------------------------------------------------------------------------------------


@pytest.fixture
def demo_account(django_user_model):
    return django_user_model.objects.create(email="anyone@demo.example", is_demo=True)


@pytest.mark.django_db
def test_production_does_not_start_beside_demo_accounts(settings, demo_account, monkeypatch):
    monkeypatch.setattr(demo_guard.connections, "close_all", lambda: None)
    refuse_demo_accounts()

    settings.PRODUCTION = True
    with pytest.raises(SystemExit, match="Demo accounts exist"):
        refuse_demo_accounts()

    demo_account.delete()
    refuse_demo_accounts()


@pytest.mark.django_db
def test_migrating_production_is_refused_beside_demo_accounts(settings, demo_account):
    settings.PRODUCTION = True
    assert [found.id for found in run_checks(tags=[Tags.database], databases=["default"])] == ["portal.E001"]
    assert run_checks(tags=[Tags.database]) == []


def test_production_does_not_start_while_it_cannot_know(settings, monkeypatch):
    def gone():
        raise OperationalError("connection refused\nmore of it")

    settings.PRODUCTION = True
    monkeypatch.setattr(demo_guard, "demo_accounts_exist", gone)
    with pytest.raises(SystemExit, match=r"^The database does not answer: connection refused$"):
        refuse_demo_accounts()
