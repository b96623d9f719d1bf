"""Send what is due on one channel, each thing once, and one message for all that one person is told at a time.

A claim is a short transaction; sending happens outside of any; the outcome is a statement of its own, written while
the server is told of the next message and waited for before that leaves. So what a killed worker had in its hands is
released at once, and only the message on its way may arrive twice.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

from django.db import DatabaseError, connection

from portal.notices.claims import Parcel, Run, release_abandoned
from portal.notices.currency import still_current
from portal.notices.enums import Channel, DeliveryState, Needless
from portal.notices.models import Delivery
from portal.notices.outcomes import MAX_ATTEMPTS, Proof, failed, park, sent

logger = logging.getLogger(__name__)

# A run ends after this time, so that a great heap does not keep a worker from other jobs.
RUN_SECONDS = 50
Message = TypeVar("Message")


class Undelivered(Exception):
    """The message was not taken; trying again would not help if `is_final`."""

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        super().__init__(reason)
        self.is_final = is_final


class ServerGone(Exception):
    """Nothing can be sent now: what is due stays due, and it counts as no attempt."""


class Carrier(Protocol[Message]):
    """How messages leave through a channel."""

    def prepare(self, parcels: Sequence[Parcel]) -> None: ...

    def make(self, parcel: Parcel) -> Message: ...

    def send(self, parcel: Parcel, message: Message, leaving: Callable[[], None]) -> Proof:
        """Calls `leaving` when all is ready for the message to leave: it waits for what must be written before."""

    def close(self) -> None: ...


def deliver(channel: Channel, carrier: Carrier[Message]) -> int:
    """Send until nothing is due, the server is gone, or time is up; returns how many messages went out."""
    until = time.monotonic() + RUN_SECONDS
    release_abandoned()
    _park_hopeless()
    count = 0
    with Run() as run, connection.execute_wrapper(run.background.first):
        try:
            for parcel in _parcels(run, channel, carrier):
                count += _send(run, parcel, carrier)
                if time.monotonic() > until:
                    break
        except ServerGone as gone:
            logger.warning("Nothing can be sent: %s. What is due stays due.", gone)
        finally:
            carrier.close()
    return count


def _parcels(run: Run, channel: Channel, carrier: Carrier[Message]) -> Iterator[Parcel]:
    while claimed := run.claim(channel):
        parcels = still_current(run, claimed)
        carrier.prepare(parcels)
        yield from parcels


def _send(run: Run, parcel: Parcel, carrier: Carrier[Message]) -> bool:
    """Whether it went out; if not, the rows say why and when it is tried again."""
    try:
        message = carrier.make(parcel)
        proof = carrier.send(parcel, message, run.background.settle)
    except (ServerGone, DatabaseError):
        raise
    except Undelivered as error:
        failed(run, parcel, str(error), is_final=error.is_final)
    except Exception as error:
        # One message that cannot be made must not keep the others.
        logger.exception("Delivery %s cannot be sent", parcel.ids[0])
        failed(run, parcel, f"{type(error).__name__}: {error}")
    else:
        sent(run, parcel, proof)
        return True
    return False


def _park_hopeless() -> None:
    """Rows whose worker died at every attempt, and rows of people who have left."""
    due = Delivery.objects.due()
    park(due.filter(attempts__gte=MAX_ATTEMPTS), Needless.WORKER_DIED)
    left = due.filter(notice__recipient__is_active=False)
    left.update(state=DeliveryState.PARKED, last_error=Needless.LEFT)
