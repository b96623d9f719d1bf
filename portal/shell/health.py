"""`/healthz`: whether web, database, Redis, a worker and the scanner are alive, for monitoring and for containers."""

from __future__ import annotations

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal.accounts.access import public
from portal.broker import redis_answers, worker_answers
from vault import scanner


@public
@require_safe
@never_cache
def healthz(_request: HttpRequest) -> JsonResponse:
    """200 when all are alive, else 503; the answer says which. That web is follows from its answering.

    A site without a malware scanner has no such part.
    """
    alive = {
        "web": True,
        "database": _database_answers(),
        "redis": redis_answers(),
        "worker": worker_answers(),
    }
    if scanner.exists():
        alive["scanner"] = scanner.answers_now()
    states = {part: "ok" if up else "down" for part, up in alive.items()}
    return JsonResponse(states, status=200 if all(alive.values()) else 503)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True
