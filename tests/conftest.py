"""Servers for the tests, and what every test may ask for.

Settings read the environment as they are imported, so it is set here, before pytest-django looks for them:
each process gets a data directory and a Redis of its own, and all share one PostgreSQL, in which pytest-django
makes a database for each, as a copy of one that was migrated. DATABASE_URL, when set, is used instead of that
PostgreSQL, and every database in it is migrated.
"""

import os
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

import hypothesis
import pytest
from django.conf import settings

from portal.embedded import CannotStart, servers
from tests.databases import migrated_database
from tests.e2e.browser import launch_options
from tests.vault.storages import own_disk, place, s3_bucket, s3_endpoint  # noqa: F401 - fixtures for every test

_stack = ExitStack()
# How long an example takes is the machine's matter.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


def _start_servers() -> None:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    if worker == "main":
        # Short, since a socket's path is; away from PORTAL_DATA_DIR, where somebody's portal may be running.
        root = Path(tempfile.mkdtemp(prefix="portal-tests-"))
        _stack.callback(shutil.rmtree, root, ignore_errors=True)
        os.environ["PORTAL_TESTS_DIR"] = str(root)
        if not os.environ.get("DATABASE_URL"):
            _stack.enter_context(servers(root, redis=False, durable=False))
            os.environ["DATABASE_URL"] = f"postgres://postgres@/portal?host={root / 'postgres'}"
            os.environ["PORTAL_TESTS_COPY"] = "1"
    data_dir = Path(os.environ["PORTAL_TESTS_DIR"], worker)
    _stack.enter_context(servers(data_dir, postgres=False))
    (data_dir / "static").mkdir()
    os.environ["PORTAL_DATA_DIR"] = str(data_dir)
    os.environ.pop("REDIS_URL", None)
    os.environ.pop("EMAIL_URL", None)
    # Tests of the checks ask for a scanner: the fixture `clamd`.
    os.environ["PORTAL_CLAMD"] = "none"
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    # Playwright keeps an event loop running in the process, and Django would refuse the ORM to the tests after it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"


if settings.configured:
    raise pytest.UsageError("Unset DJANGO_SETTINGS_MODULE: the tests set it once their servers run.")
try:
    _start_servers()
except CannotStart as reason:
    _stack.close()
    raise pytest.UsageError(str(reason)) from reason


def pytest_unconfigure() -> None:
    _stack.close()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    # A worker inherits the environment, and must not find the settings before its own conftest ran.
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)


def pytest_configure() -> None:
    # Tests neither collect static files nor spend a tenth of a second on each password.
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings):
    from django.db import connection

    if "PORTAL_TESTS_COPY" in os.environ:
        connection.settings_dict["TEST"]["TEMPLATE"] = migrated_database()


CLAMD_MAX_BYTES = 2_000_000


@pytest.fixture(scope="session")
def clamd_address():
    """A clamd for this process, that takes files up to CLAMD_MAX_BYTES and knows the EICAR test file."""
    data_dir = settings.DATA_DIR / "av"
    with servers(data_dir, postgres=False, redis=False, clamd_max_bytes=CLAMD_MAX_BYTES):
        yield f"unix://{data_dir}/run/clamd.sock"


@pytest.fixture
def clamd(clamd_address, settings):
    """The site has a scanner, and it answers."""
    settings.CLAMD = clamd_address
    return clamd_address


@pytest.fixture(autouse=True)
def _empty_cache():
    from django.core.cache import cache

    yield
    cache.clear()


@pytest.fixture(autouse=True)
def _source_language():
    """A request in English leaves its language behind in the thread."""
    from django.utils import translation

    yield
    translation.deactivate()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict) -> dict:
    return {**browser_type_launch_args, **launch_options()}
