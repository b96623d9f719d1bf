"""Who deletes files of an institution, or forbids it, is alone with them; who uses them is not disturbed meanwhile.

Advisory locks of PostgreSQL, the first that a transaction takes, so that whatever it locks afterwards never stands
in the way of the other. They end with the transaction.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

LOCK = 7404  # the advisory lock's first key; the second is the institution's id


def keep_still(institutions: Iterable[int]) -> None:
    """Before a deletion or a legal hold: wait for every use that has begun, and let none begin."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, id) FROM unnest(%s::int[]) id", [LOCK, sorted(institutions)])


def begin_use(institution: int) -> None:
    """Before a file is put forward: what is there now stays there. Uses don't wait for each other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, %s)", [LOCK, institution])
