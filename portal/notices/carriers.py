"""How messages leave: by mail over one connection, or by a webhook, each over a connection of its own."""

from __future__ import annotations

import contextlib
import smtplib
from collections import deque
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import get_connection
from django.core.validators import validate_email
from django.utils import translation

from portal.accounts.addresses import half_width
from portal.accounts.models import Invitation, User
from portal.notices.claims import Parcel
from portal.notices.delivery import ServerGone, Undelivered
from portal.notices.enums import Channel, Needless, Pace
from portal.notices.letters import Letter
from portal.notices.mail import invitation_mail, most_urgent, notices_mail
from portal.notices.models import Delivery, Notice, Route
from portal.notices.outcomes import Proof
from portal.notices.smtp import EmailBackend
from portal.notices.webhooks import BadTarget, Refused, send
from portal.notices.webhooks.bodies import Item, Message


class MailCarrier:
    """One connection to the mail server for a whole run. While it gets ready for a letter, the next is made."""

    def __init__(self) -> None:
        self.connection = get_connection()
        self.digests: set[int] = set()
        self.upcoming: deque[Parcel] = deque()
        self.made: Letter | None = None

    def prepare(self, parcels: Sequence[Parcel]) -> None:
        routes = _routes(Channel.EMAIL, parcels).exclude(pace=Pace.AT_ONCE)
        self.digests = set(routes.values_list("user_id", flat=True))
        self.upcoming = deque(parcels)

    def make(self, parcel: Parcel) -> Letter:
        self.upcoming.popleft()
        letter, self.made = self.made, None
        return letter or self._letter(parcel)

    def _make_ahead(self) -> None:
        """What is wrong with it is told in its turn."""
        if self.upcoming:
            with contextlib.suppress(Exception):
                self.made = self._letter(self.upcoming[0])

    def _letter(self, parcel: Parcel) -> Letter:
        mail = self._mail(parcel)
        _check_address(mail.to[0])
        mail.extra_headers["Message-ID"] = f"<{parcel.number}@{_domain()}>"
        return mail

    def send(self, parcel: Parcel, message: Letter, leaving: Callable[[], None]) -> Proof:
        _check_invitation(parcel.deliveries[0].invitation)
        self._open()
        try:
            self._hand_over(message, leaving)
        except smtplib.SMTPRecipientsRefused as error:
            is_final = all(code >= 500 for code, _reason in error.recipients.values())
            raise Undelivered(_words(error), is_final=is_final) from error
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise Undelivered(_words(error)) from error
        return Proof(message.to[0], message.extra_headers["Message-ID"], getattr(self.connection, "answer", ""))

    def close(self) -> None:
        self.connection.close()

    def _mail(self, parcel: Parcel) -> Letter:
        if invitation := parcel.deliveries[0].invitation:
            return invitation_mail(invitation)
        notices = _notices(parcel.deliveries)
        return notices_mail(notices, is_digest=notices[0].recipient_id in self.digests)

    def _hand_over(self, letter: Letter, leaving: Callable[[], None]) -> None:
        if isinstance(self.connection, EmailBackend):
            self.connection.hand_over(letter, leaving, self._make_ahead)
        else:
            leaving()
            self.connection.send_messages([letter])

    def _open(self) -> None:
        try:
            self.connection.open()
        except (smtplib.SMTPException, OSError) as error:
            raise ServerGone(_words(error)) from error


class WebhookCarrier:
    """A receiver that did not answer in time is left alone for the rest of the run: others wait behind it."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.routes: dict[int, Route] = {}
        self.silent: set[str] = set()

    def prepare(self, parcels: Sequence[Parcel]) -> None:
        self.routes = {route.user_id: route for route in _routes(self.channel, parcels)}

    def make(self, parcel: Parcel) -> Message:
        notices = _notices(parcel.deliveries)
        return _message(parcel.number, notices[0].recipient, notices)

    def send(self, parcel: Parcel, message: Message, leaving: Callable[[], None]) -> Proof:
        leaving()
        route = self.routes.get(message.person.pk)
        if route is None:
            raise Undelivered(Needless.NO_ROUTE, is_final=True)
        host = urlsplit(route.address).netloc
        if host in self.silent:
            raise Undelivered(Needless.SILENT)
        try:
            answer = send(route, message)
        except (BadTarget, Refused) as error:
            if getattr(error, "is_late", False):
                self.silent.add(host)
            raise Undelivered(str(error), is_final=error.is_final) from error
        return Proof(_without_query(route.address), parcel.number, answer)

    def close(self) -> None:
        """Each message had a connection of its own."""


def _routes(channel: Channel, parcels: Sequence[Parcel]):
    people = {row.notice.recipient_id for parcel in parcels for row in parcel.deliveries if row.notice}
    return Route.objects.filter(user__in=people, channel=channel, is_active=True)


def _notices(deliveries: Sequence[Delivery]) -> list[Notice]:
    return [delivery.notice for delivery in deliveries if delivery.notice]


def _check_invitation(invitation: Invitation | None) -> None:
    if invitation and not Invitation.objects.open().filter(pk=invitation.pk).exists():
        raise Undelivered(Needless.INVITATION_CLOSED, is_final=True)


def _check_address(address: str) -> None:
    """An address goes into a header: one that is not an address at all never does."""
    if half_width(address) != address:
        raise Undelivered(Needless.FULL_WIDTH, is_final=True)
    try:
        validate_email(address)
    except ValidationError:
        raise Undelivered(Needless.NO_ADDRESS, is_final=True) from None


def _domain() -> str:
    return urlsplit(settings.SITE_URL).hostname or "portal"


def _message(number: str, person: User, notices: Sequence[Notice]) -> Message:
    named = most_urgent(notices)
    with translation.override(person.language):
        return Message(number, person, list(map(Item.of, named)), more=len(notices) - len(named))


def _without_query(url: str) -> str:
    """A robot's key stands in its query, and proof is read by others."""
    return url.partition("?")[0]


def _words(error: Exception) -> str:
    """What the server said, in its own words."""
    answers = [(error.smtp_code, error.smtp_error)] if isinstance(error, smtplib.SMTPResponseException) else []
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        answers = list(error.recipients.values())
    said = [f"{code} {said.decode(errors='replace') if isinstance(said, bytes) else said}" for code, said in answers]
    return " ".join(said) or f"{type(error).__name__}: {error}"
