"""Work on a row that workers attempt: the row is the queue (docs/adr/0005).

A worker takes a row by locking it and counting an attempt. The number of the attempt is its proof that the row is
still its own: a worker that was taken for dead and comes back late changes nothing, nor does one whose row was
cancelled meanwhile.
"""

from __future__ import annotations

import datetime
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self

from django.db import DatabaseError, connection, models, transaction
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from portal.gate import Move, pass_gate

logger = logging.getLogger(__name__)

# A worker renews its heartbeat every few seconds; without one for so long it is taken for dead.
SECONDS = 3
DEAD_AFTER = datetime.timedelta(seconds=45)
MAX_ATTEMPTS = 3


class Superseded(Exception):
    """Another worker has the row by now, or it is over."""


class AttemptedQuerySet(models.QuerySet):
    """Rows with `state`, `attempts`, `heartbeat_at` and `error`. `asked_at` names the time of those never taken.

    `proof` are the fields that no two attempts at a row have alike. Where a row can be asked for again, with its
    attempts counted anew, a field that counts that is one of them.
    """

    waiting: Sequence[str] = ()
    working: Sequence[str] = ()
    asked_at = "created_at"
    proof: Sequence[str] = ("state", "attempts")

    def unfinished(self) -> Self:
        return self.filter(state__in=[*self.waiting, *self.working])

    def free(self, now: datetime.datetime) -> Self:
        """Unfinished, and in the hands of no living worker."""
        return self.filter(Q(state__in=self.waiting) | Q(state__in=self.working, heartbeat_at__lt=now - DEAD_AFTER))

    def left_lying(self, now: datetime.datetime) -> Self:
        """Free, and not about to be taken: the message that announced it must be lost or its worker dead."""
        touched = Coalesce("heartbeat_at", self.asked_at)
        return self.free(now).alias(touched_at=touched).filter(touched_at__lt=now - DEAD_AFTER)


def attempt(
    row_id: Any,
    *,
    rows: AttemptedQuerySet,
    moves: Mapping[str, Move],
    work: Callable[[Any], None],
    said: Sequence[str] = (),
    failed: Mapping[str, Any] | None = None,
) -> None:
    """Do the work on the row, unless it is over or another worker has it. A failed attempt leaves it to the beat.

    `moves` has `take`, `put_back` and `fail`. Each heartbeat tells the fields `said` as the worker's row has them;
    `failed` are set with the last attempt's failure.
    """
    row = _take(row_id, rows, moves, failed or {})
    if row is None:
        return
    try:
        with beating(row, said):
            work(row)
    except Superseded:
        logger.warning("%s %s went to another worker.", row._meta.label, row.pk)
    except Exception as error:
        logger.exception("%s %s: attempt %s failed.", row._meta.label, row.pk, row.attempts)
        _give_up(row, error, moves, failed or {})


@transaction.atomic
def _take(row_id: Any, rows: AttemptedQuerySet, moves: Mapping[str, Move], failed: Mapping[str, Any]) -> Any:
    free = rows.free(timezone.now()).filter(pk=row_id)
    row: Any = free.select_for_update(of=("self",), skip_locked=True).first()
    if row is None:
        return None
    if row.attempts >= MAX_ATTEMPTS:
        pass_gate(row=row, name="fail", moves=moves, by=None, error=row.error or "The worker died.", **failed)
        return None
    return pass_gate(row=row, name="take", moves=moves, by=None, attempts=row.attempts + 1)


@transaction.atomic
def _give_up(row: Any, error: Exception, moves: Mapping[str, Move], failed: Mapping[str, Any]) -> None:
    """Leave the row to another attempt, or to its reader when there were enough."""
    try:
        lock_mine(row)
    except Superseded:
        return
    is_last = row.attempts >= MAX_ATTEMPTS
    fields = {"error": f"{type(error).__name__}: {error}"[:2000], **(failed if is_last else {})}
    pass_gate(row=row, name="fail" if is_last else "put_back", moves=moves, by=None, **fields)


def _mine(row: Any) -> models.QuerySet:
    rows = type(row)._default_manager.all()
    return rows.filter(pk=row.pk, **{field: getattr(row, field) for field in rows.proof})


def advance(row: Any, **fields: Any) -> None:
    """Say where the work is: committed at once outside of a transaction, as the page shows it. Raises Superseded."""
    if not _mine(row).update(heartbeat_at=timezone.now(), **fields):
        raise Superseded


def check_mine(row: Any) -> None:
    """Costs nothing, in a loop too: Superseded is raised once a heartbeat found that the row is another's, or over."""
    if getattr(row, "is_lost", False):
        raise Superseded


def lock_mine(row: Any) -> None:
    """Until the end of the transaction nobody else takes the row. Raises Superseded when somebody did before."""
    if _mine(row).select_for_update(of=("self",)).first() is None:
        raise Superseded


@contextmanager
def beating(row: Any, said: Sequence[str] = ()) -> Iterator[None]:
    """Renew the heartbeat from a thread of its own until the body ends: so a dead worker is told from a slow one.

    A row that is no longer the worker's has none to renew: `is_lost` tells the body, which may ask by `check_mine`.
    """
    over, row.is_lost = threading.Event(), False
    thread = threading.Thread(target=_beat, args=(row, said, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _is_known(row: Any) -> bool:
    """Unlike a row that only the transaction of its making sees."""
    return type(row)._default_manager.filter(pk=row.pk).exists()


def _beat(row: Any, said: Sequence[str], over: threading.Event) -> None:
    try:
        while not (row.is_lost or over.wait(SECONDS)):
            told = {field: getattr(row, field) for field in said}
            renewed = _mine(row).update(heartbeat_at=timezone.now(), **told)
            row.is_lost = not renewed and _is_known(row)
    except DatabaseError as error:
        logger.warning("No more heartbeats for %s %s: %s", row._meta.label, row.pk, error)
    finally:
        connection.close()
