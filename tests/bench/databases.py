"""The databases that are measured: made by `load_demo`, each once, and reached in one process."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import psycopg
from django.db import connections
from django.test import Client

from portal.accounts.models import User

ROOT = Path(__file__).resolve().parents[2]
# What a database's content follows from: a kept one is used again as long as none of these changes.
SOURCES = ("portal/shell/demo/*.py", "*/migrations/*.py", "portal/*/migrations/*.py", "plan/library/*.yaml")
SMALL, LARGE = 500, 25_000


class Bench:
    """What figures measure. Databases are made when a figure first asks for them."""

    def __init__(self, server_url: str, say) -> None:
        self.server_url, self.say = server_url, say
        self.opened = {"": connections["default"]}

    @cached_property
    def code_digest(self) -> str:
        files = sorted(path for pattern in SOURCES for path in ROOT.glob(pattern))
        return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]

    # --- Databases ----------------------------------------------------------------------------------------

    def demo(self, institutions: int) -> str:
        """The name of a database with the demo of that size."""
        return self._made(f"bench_{institutions}", ["load_demo", "--institutions", str(institutions), "-v0"])

    def empty(self, purpose: str = "empty") -> str:
        """The name of a database with the portal's tables, and nothing in them but what is made for that purpose."""
        return self._made(f"bench_{purpose}", [])

    def _made(self, prefix: str, command: list[str]) -> str:
        name = f"{prefix}_{self.code_digest}"
        with psycopg.connect(self.server_url, autocommit=True) as server:
            if server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                return name
            self.say(f"  making the database {name} …")
            start = time.monotonic()
            self._drop(server, f"{prefix}_")
            half_made = f"{name}_new"
            server.execute(f'CREATE DATABASE "{half_made}"')
            self._manage(half_made, "migrate", "-v0")
            if command:
                self._manage(half_made, *command)
            self._vacuum(half_made)
            server.execute(f'ALTER DATABASE "{half_made}" RENAME TO "{name}"')
            self.say(f"  made in {time.monotonic() - start:.0f} s")
        return name

    def _vacuum(self, name: str) -> None:
        with psycopg.connect(self.url(name), autocommit=True) as connection:
            connection.execute("VACUUM (ANALYZE)")

    def _manage(self, name: str, *arguments: str) -> None:
        environment = os.environ | {"DATABASE_URL": self.url(name)}
        subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment, check=True)

    def url(self, name: str) -> str:
        address, separator, options = self.server_url.partition("?")
        return address[: address.rindex("/") + 1] + name + separator + options

    @contextmanager
    def using(self, name: str) -> Iterator[None]:
        """Let Django's default connection lead to this database; connections stay open between uses."""
        before = connections["default"]
        if name not in self.opened:
            self.opened[name] = connections.create_connection("default")
            self.opened[name].settings_dict = before.settings_dict | {"NAME": name}
        connections["default"] = self.opened[name]
        try:
            yield
        finally:
            connections["default"] = before

    # --- Requests -----------------------------------------------------------------------------------------

    def client(self, email: str) -> Client:
        """Signed in as that person of the database in use."""
        client = Client(raise_request_exception=True)
        client.force_login(User.objects.get(email=email), backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    def close(self, *, keep: bool) -> None:
        for connection in self.opened.values():
            connection.close()
        if not keep:
            with psycopg.connect(self.server_url, autocommit=True) as server:
                self._drop(server, "bench_")

    def _drop(self, server: psycopg.Connection, prefix: str) -> None:
        names = server.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [prefix]).fetchall()
        for (name,) in names:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
