"""The database that those of the tests are copies of: a copy is made at once, and migrating takes many seconds."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from django.conf import settings

MIGRATED = "migrated"


def address_of(database: str) -> str:
    """Where the database of that name is, for another process."""
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{database}").geturl()


def migrated_database() -> str:
    """Its name. The first process that asks makes it; the others wait until it is there."""
    directory = Path(os.environ["PORTAL_TESTS_DIR"])
    made = directory / MIGRATED
    with (directory / "migrating.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {MIGRATED}")
            subprocess.run(
                [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
                cwd=settings.BASE_DIR,
                env={**os.environ, "DATABASE_URL": address_of(MIGRATED)},
                check=True,
            )
            made.touch()
    return MIGRATED
