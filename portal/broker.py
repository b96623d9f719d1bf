"""Redis as the broker of jobs: is it there, and does a worker live behind it?"""

from __future__ import annotations

import time
from functools import cache

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

WORKER_KEY = "portal:worker-alive"
# A worker tells of itself every two seconds; a busy machine may make it late.
WORKER_SECONDS = 20
MEMORY_SECONDS = 5.0

_last_answer = (float("-inf"), True)


@cache
def _client() -> redis.Redis:
    """A client that gives up at once: a page waits for its answer."""
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_connect_timeout=0.5, socket_timeout=0.5, retry=Retry(NoBackoff(), 0)
    )


def broker_alive() -> bool:
    """Whether jobs can be queued; asked of Redis at most every five seconds in each process."""
    global _last_answer
    asked_at, alive = _last_answer
    if time.monotonic() - asked_at > MEMORY_SECONDS:
        alive = redis_answers()
        _last_answer = (time.monotonic(), alive)
    return alive


def redis_answers() -> bool:
    try:
        return bool(_client().ping())
    except redis.RedisError:
        return False


def worker_answers() -> bool:
    """Whether some worker told of itself in the last seconds."""
    try:
        return bool(_client().exists(WORKER_KEY))
    except redis.RedisError:
        return False


def tell_worker_alive(**_kwargs: object) -> None:
    """Called by each worker; never raises, since the worker itself reconnects to a lost Redis."""
    try:
        _client().set(WORKER_KEY, 1, ex=WORKER_SECONDS)
    except redis.RedisError:
        return
