"""Queue a job once the work that asks for it is committed.

Whatever a job does is also recorded in the database, and a job of the beat picks up what was not queued.
So a broker that is gone delays work and loses none, and never fails or holds up a page.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

import redis
from celery import Task
from django.db import transaction
from kombu.exceptions import OperationalError

from portal.broker import broker_alive

logger = logging.getLogger(__name__)


def enqueue(task: Task, *args: Any) -> None:
    """Queue the job when the transaction commits, at once outside of one; arguments must be JSON, so ids."""
    transaction.on_commit(partial(_send, task, args))


def _send(task: Task, args: tuple[Any, ...]) -> None:
    if not broker_alive():
        logger.warning("Redis is gone: %s%r is left to the beat.", task.name, args)
        return
    try:
        task.apply_async(args=args)
    except (OperationalError, redis.RedisError, OSError) as error:
        logger.warning("%s%r could not be queued and is left to the beat: %s", task.name, args, error)
