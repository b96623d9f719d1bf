"""The demo as its tests load it, and what they compare of it."""

from __future__ import annotations

import re

from django.db import connection

from portal.accounts.models import User
from portal.shell.demo.load import load

SIZE, SEED = 40, 2014


def load_quietly(seed: int = SEED) -> None:
    load(institutions=SIZE, seed=seed, say=lambda line: None)


def structure() -> set[tuple[str, str]]:
    """Every constraint and index of the database, as it is defined; casts aside, which PostgreSQL writes either way."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid <> 0")
        constraints = cursor.fetchall()
        cursor.execute("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'")
        definitions = {*constraints, *cursor.fetchall()}
    return {(name, re.sub(r"::[a-z ]+(\[\])?|[()]", "", definition)) for name, definition in definitions}


def user(email: str) -> User:
    return User.objects.get(email=email)
