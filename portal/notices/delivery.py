"""Send what is due, each thing once, and one mail for all that one person is told at a time.

A claim is a short transaction that puts off the rows it takes; sending happens outside of it; the outcome is a
second short transaction. A worker that is killed in between leaves rows that become due again after LEASE, so
only what it had in its hands may arrive twice.
"""

from __future__ import annotations

import datetime
import logging
import smtplib
import time
from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Case, DurationField, F, Q, Value, When
from django.utils import timezone

from portal.notices.enums import DeliveryState
from portal.notices.mail import invitation_mail, notices_mail
from portal.notices.models import Delivery
from portal.notices.querysets import DeliveryQuerySet

logger = logging.getLogger(__name__)

LEASE = datetime.timedelta(minutes=10)
# After each failed attempt; when they are used up, the delivery is parked.
DELAYS = [datetime.timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 4 * 60, 12 * 60, 24 * 60)]
MAX_ATTEMPTS = len(DELAYS) + 1
DELAY = Case(
    *[When(attempts=number, then=Value(delay)) for number, delay in enumerate(DELAYS, start=1)],
    default=Value(DELAYS[-1]),
    output_field=DurationField(),
)
# A run ends after this time, so that a great heap does not keep a worker from other jobs.
RUN_SECONDS = 50
NOTICES_A_MAIL = 200


class Undeliverable(Exception):
    """Trying again would not help."""


class ServerGone(Exception):
    """No connection to the mail server: the next run tries again."""


def deliver_due() -> int:
    """Send until nothing is due, the server is gone, or time is up; returns how many mails went out."""
    _park_hopeless()
    until = time.monotonic() + RUN_SECONDS
    connection = get_connection()
    sent = 0
    try:
        for claim in (_claim_invitation, _claim_person):
            while time.monotonic() < until and (batch := claim()):
                sent += _send(batch, connection)
    except ServerGone as gone:
        logger.warning("The mail server cannot be reached: %s. What is due stays due.", gone)
    finally:
        connection.close()
    return sent


def _park_hopeless() -> None:
    """Rows whose worker died at every attempt, and rows of people who have left."""
    due = Delivery.objects.due()
    due.filter(attempts__gte=MAX_ATTEMPTS).update(state=DeliveryState.PARKED)
    left = due.filter(notice__recipient__is_active=False)
    left.update(state=DeliveryState.PARKED, last_error="The account is closed.")


# --- Claims -----------------------------------------------------------------------------------------------


@transaction.atomic
def _claim_invitation() -> list[Delivery]:
    due = Delivery.objects.due().filter(invitation__isnull=False)
    first = due.order_by("next_attempt_at").select_for_update(skip_locked=True, of=("self",)).first()
    return _lease(due.filter(pk=first.pk)) if first else []


@transaction.atomic
def _claim_person() -> list[Delivery]:
    """All that is due to one person. Their row is locked too, so that two workers do not share out one mail.

    The index gives the order, and a second field in it would sort the whole morning's rows for every mail.
    """
    due = Delivery.objects.due().filter(notice__recipient__is_active=True)
    first = (
        due.select_related("notice__recipient")
        .select_for_update(skip_locked=True, no_key=True, of=("self", "notice__recipient"))
        .order_by("next_attempt_at")
        .first()
    )
    return _lease(due.filter(notice__recipient=first.notice.recipient)) if first and first.notice else []


def _lease(due: DeliveryQuerySet) -> list[Delivery]:
    related = ["notice__recipient", "notice__institution", "invitation__invited_by"]
    batch = list(due.select_related(*related).order_by("notice__created_at", "pk")[:NOTICES_A_MAIL])
    _rows(batch).update(next_attempt_at=timezone.now() + LEASE, attempts=F("attempts") + 1)
    for delivery in batch:
        delivery.attempts += 1
    return batch


# --- Sending ----------------------------------------------------------------------------------------------


def _send(batch: Sequence[Delivery], connection: BaseEmailBackend) -> bool:
    """Whether the mail went out; if not, the rows say why and when it is tried again."""
    try:
        mail = _mail(batch)
        _check_address(mail)
        _open(connection, batch)
        mail.connection = connection
        mail.send()
    except Undeliverable as error:
        _failed(batch, error, forever=True)
    except smtplib.SMTPRecipientsRefused as error:
        _failed(batch, error, forever=all(code >= 500 for code, _reason in error.recipients.values()))
    except (smtplib.SMTPException, OSError) as error:
        _failed(batch, error)
        connection.close()
    else:
        _sent(batch)
        return True
    return False


def _mail(batch: Sequence[Delivery]) -> EmailMultiAlternatives:
    invitation = batch[0].invitation
    if invitation is None:
        return notices_mail([delivery.notice for delivery in batch if delivery.notice])
    if not type(invitation).objects.open().filter(pk=invitation.pk, token_digest=invitation.token_digest).exists():
        raise Undeliverable("The invitation is no longer open.")
    return invitation_mail(invitation)


def _check_address(mail: EmailMultiAlternatives) -> None:
    """An address goes into a header: one that is not an address at all never does."""
    for address in mail.to:
        try:
            validate_email(address)
        except ValidationError:
            raise Undeliverable(f"Not an e-mail address: {address!r}") from None


def _open(connection: BaseEmailBackend, batch: Sequence[Delivery]) -> None:
    try:
        connection.open()
    except (smtplib.SMTPException, OSError) as error:
        _failed(batch, error)
        raise ServerGone(error) from error


# --- Outcomes ---------------------------------------------------------------------------------------------


def _sent(batch: Sequence[Delivery]) -> None:
    _rows(batch).update(state=DeliveryState.SENT, sent_at=timezone.now(), last_error="")


def _failed(batch: Sequence[Delivery], error: Exception, *, forever: bool = False) -> None:
    reason = f"{type(error).__name__}: {error}"[:500]
    over = Q() if forever else Q(attempts__gte=MAX_ATTEMPTS)
    _rows(batch).filter(over).update(state=DeliveryState.PARKED, last_error=reason)
    _rows(batch).update(next_attempt_at=Value(timezone.now()) + DELAY, last_error=reason)
    logger.warning("Mail of delivery %s failed (attempt %s): %s", batch[0].pk, batch[0].attempts, reason)


def _rows(batch: Sequence[Delivery]) -> DeliveryQuerySet:
    """The batch, less what a worker that took it up after LEASE has settled."""
    return Delivery.objects.filter(pk__in=[delivery.pk for delivery in batch], state=DeliveryState.PENDING)
