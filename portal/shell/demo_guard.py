"""Production refuses to run while demo accounts exist: their password is printed in the README."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.checks import Error
from django.db import DatabaseError, ProgrammingError, connections

REFUSAL = "Demo accounts exist in this database; a production portal does not start beside them."


def demo_accounts_exist() -> bool:
    """False also before the first migration, when there are no accounts at all."""
    try:
        return get_user_model().objects.filter(is_demo=True).exists()
    except ProgrammingError:
        return False


def refuse_demo_accounts(**_kwargs: object) -> None:
    """End this process with one line, in production only; called as gunicorn and each worker start."""
    if not settings.PRODUCTION:
        return
    try:
        found = demo_accounts_exist()
    except DatabaseError as error:
        raise SystemExit(f"The database does not answer: {str(error).splitlines()[0]}") from None
    finally:
        connections.close_all()
    if found:
        raise SystemExit(REFUSAL)


def check_demo_accounts(*, databases: Sequence[str] | None = None, **_kwargs: Any) -> list[Error]:
    """The same for `manage.py migrate` and `manage.py check --database default`."""
    if settings.PRODUCTION and databases and demo_accounts_exist():
        return [Error(REFUSAL, id="portal.E001")]
    return []
