"""A real SMTP server that keeps what it is given, and refuses or hangs up as it is told."""

import asyncio
import email
import email.policy
import socket
from dataclasses import dataclass, field
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller


@dataclass
class Sink:
    received: list[EmailMessage] = field(default_factory=list)
    # What is answered to a recipient, by address.
    answers: dict[str, str] = field(default_factory=dict)
    # Connections that still end in the middle of a message.
    hang_ups: int = 0
    seconds_a_mail: float = 0
    says: str = "250 OK"
    takes_commands_together: bool = True
    refuses_senders: bool = False
    senders: list[str] = field(default_factory=list)

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        return [responses[0], "250-PIPELINING", *responses[1:]] if self.takes_commands_together else responses

    async def handle_MAIL(self, server, session, envelope, address, options):
        if self.refuses_senders:
            return "550 no such sender"
        self.senders.append(address)
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        await asyncio.sleep(self.seconds_a_mail)
        if self.hang_ups:
            self.hang_ups -= 1
            server.transport.abort()
            return "451 gone"
        self.received.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return self.says

    @property
    def recipients(self) -> list[str]:
        return sorted(message["To"] for message in self.received)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def smtp_settings(settings):
    """Mail goes to a port of this machine, on which nobody listens yet."""
    settings.EMAIL_BACKEND = "portal.notices.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = free_port()
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.SITE_URL = "https://portal.example"
    return settings


@pytest.fixture
def sink(smtp_settings):
    handler = Sink()
    controller = Controller(handler, hostname="127.0.0.1", port=smtp_settings.EMAIL_PORT)
    controller.start()
    yield handler
    controller.stop()
