"""Who has which deliveries in hand. A claim lasts as long as the connection of the run that made it.

A run holds an advisory lock on a number of its own and writes the number into the rows it takes. When it dies,
PostgreSQL drops the lock with the connection, and the next run sees that nobody holds the number any more
(docs/adr/0012).
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from types import TracebackType
from typing import Any, Self

from django.db import connection, transaction
from django.db.models import F
from django.utils.crypto import salted_hmac

from portal.notices.background import Background
from portal.notices.enums import Channel
from portal.notices.models import Delivery
from portal.notices.querysets import DeliveryQuerySet

# So many people's messages at a time, which were never tried. What was tried goes by itself: if it was what killed
# its worker, it takes no other with it.
FRESH = 250

RELEASE = """
    WITH held AS MATERIALIZED (
        SELECT DISTINCT claimed_by AS run FROM notices_delivery WHERE claimed_by IS NOT NULL
    ), dead AS MATERIALIZED (
        SELECT run FROM held WHERE pg_try_advisory_xact_lock(run)
    )
    UPDATE notices_delivery SET claimed_by = NULL FROM dead WHERE claimed_by = dead.run
"""
# The people whose rows come first, and all that is due to them, but for those who have rows among it that were tried,
# unless they come alone. Fresh rows are found in their order by an index: sorting the whole morning's for every claim
# would take longer than sending. People are locked, too, so that two workers do not share out one message; what
# another took before the lock is not as it was when the statement began, and so is looked at again in the end.
TAKE = """
    WITH first AS MATERIALIZED (
        SELECT notice.recipient_id
        FROM notices_delivery delivery
        JOIN notices_notice notice ON notice.id = delivery.notice_id
        JOIN accounts_user person ON person.id = notice.recipient_id AND person.is_active
        WHERE delivery.state = 'pending' AND delivery.claimed_by IS NULL AND delivery.channel = %(channel)s
        AND delivery.next_attempt_at <= statement_timestamp() AND delivery.attempts {tried}
        ORDER BY {order} LIMIT %(limit)s
        FOR NO KEY UPDATE OF delivery, person SKIP LOCKED
    ), due AS MATERIALIZED (
        SELECT delivery.id, notice.recipient_id, delivery.attempts
        FROM (SELECT DISTINCT recipient_id FROM first) AS person
        JOIN notices_notice notice ON notice.recipient_id = person.recipient_id
        JOIN notices_delivery delivery ON delivery.notice_id = notice.id
        WHERE delivery.state = 'pending' AND delivery.claimed_by IS NULL AND delivery.channel = %(channel)s
        AND delivery.next_attempt_at <= statement_timestamp()
    ), chosen AS (
        SELECT recipient_id FROM due GROUP BY recipient_id HAVING %(alone)s OR max(attempts) = 0
    )
    UPDATE notices_delivery delivery SET claimed_by = %(run)s, attempts = delivery.attempts + 1
    FROM due JOIN chosen ON chosen.recipient_id = due.recipient_id
    WHERE delivery.id = due.id AND delivery.state = 'pending' AND delivery.claimed_by IS NULL
    RETURNING delivery.id
"""
TAKE_FRESH = TAKE.format(tried="= 0", order="delivery.next_attempt_at")
TAKE_TRIED = TAKE.format(tried="> 0", order="delivery.attempts, delivery.next_attempt_at")
# Once a mail, and without waiting for the disk: the next claim does. So if PostgreSQL itself crashes, what one claim
# held may be sent twice; if only a worker does, a single mail.
SENT = """
    UPDATE notices_delivery SET state = 'sent', sent_at = statement_timestamp(), claimed_by = NULL, last_error = '',
        address = $3, message_id = $4, answer = $5
    FROM (SELECT set_config('synchronous_commit', 'off', true)) AS unhurried
    WHERE id = ANY($1) AND claimed_by = $2
"""


@dataclass(frozen=True)
class Parcel:
    """The rows of one message: what one person is told at a time through one channel, or one invitation."""

    deliveries: Sequence[Delivery]

    @cached_property
    def ids(self) -> list[int]:
        return [delivery.pk for delivery in self.deliveries]

    @cached_property
    def number(self) -> str:
        """The same for the same rows, however often they are sent; nobody can guess it."""
        rows = ",".join(map(str, sorted(self.ids)))
        return salted_hmac("portal.notices.parcel", rows, algorithm="sha256").hexdigest()[:32]


class Run:
    """One execution of delivering, while it lives."""

    def __init__(self) -> None:
        self.number = secrets.randbits(63)
        self.background = Background("notices_sent", SENT)

    def __enter__(self) -> Self:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [self.number])
        self.background.prepare()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None):
        """Give back what was not tried. A connection that is gone has released everything already."""
        try:
            self.background.settle()
        finally:
            if connection.is_usable():
                self._release()

    def _release(self) -> None:
        self.background.forget()
        self.give_back(Delivery.objects.filter(claimed_by=self.number))
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [self.number])

    def holds(self, parcel: Parcel) -> DeliveryQuerySet:
        return Delivery.objects.filter(pk__in=parcel.ids, claimed_by=self.number)

    def give_back(self, rows: DeliveryQuerySet) -> None:
        """Untried, so it is no attempt."""
        rows.update(claimed_by=None, attempts=F("attempts") - 1)

    def claim(self, channel: Channel) -> list[Parcel]:
        """The next messages to send; none when nothing is due."""
        self.background.settle()
        return (
            (self._invitations(FRESH, attempts=0) if channel == Channel.EMAIL else [])
            or self._people(channel, TAKE_FRESH, FRESH)
            or (self._invitations(1, attempts__gt=0) if channel == Channel.EMAIL else [])
            or self._people(channel, TAKE_TRIED, 1)
        )

    @transaction.atomic
    def _people(self, channel: Channel, take: str, limit: int) -> list[Parcel]:
        values: dict[str, Any] = {"channel": channel, "limit": limit, "run": self.number, "alone": limit == 1}
        with connection.cursor() as cursor:
            cursor.execute(take, values)
            taken = [pk for (pk,) in cursor.fetchall()]
        if not taken:
            return []
        rows = Delivery.objects.filter(pk__in=taken).select_related("notice__recipient", "notice__institution")
        by_person: dict[int, list[Delivery]] = defaultdict(list)
        for delivery in rows.order_by("pk"):
            if delivery.notice:
                by_person[delivery.notice.recipient_id].append(delivery)
        return [Parcel(deliveries) for deliveries in by_person.values()]

    @transaction.atomic
    def _invitations(self, limit: int, **attempts: int) -> list[Parcel]:
        due = Delivery.objects.due().filter(invitation__isnull=False, **attempts)
        first = due.order_by("attempts", "next_attempt_at").select_for_update(skip_locked=True)
        taken = list(first.values_list("pk", flat=True)[:limit])
        if not taken:
            return []
        Delivery.objects.filter(pk__in=taken).update(claimed_by=self.number, attempts=F("attempts") + 1)
        told = ["invitation__invited_by", "invitation__institution", "invitation__authority"]
        rows = Delivery.objects.filter(pk__in=taken).select_related(*told)
        return [Parcel([delivery]) for delivery in rows]


def release_abandoned() -> None:
    """Free the rows of runs that died. Their attempts stay counted: one of them may be what killed it."""
    with connection.cursor() as cursor:
        cursor.execute(RELEASE)
