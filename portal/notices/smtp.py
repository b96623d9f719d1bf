"""Django's way to a mail server, keeping what the server said when it took the message."""

from __future__ import annotations

import smtplib

from django.core.mail.backends import smtp

from portal.notices.letters import Letter, wire_address


class _Heard:
    """Keeps the answer to the end of DATA: from then on the message is the server's to deliver."""

    answer = ""

    def data(self, msg):
        code, reply = super().data(msg)
        self.answer = f"{code} {reply.decode(errors='replace')}"
        return code, reply


class _Plain(_Heard, smtplib.SMTP):
    pass


class _Secure(_Heard, smtplib.SMTP_SSL):
    pass


class EmailBackend(smtp.EmailBackend):
    @property
    def connection_class(self):
        return _Secure if self.use_ssl else _Plain

    def _send(self, email_message):
        """A letter's addresses are plain and checked: Django's own way takes them apart for every mail."""
        if not isinstance(email_message, Letter):
            return super()._send(email_message)
        written = email_message.message().as_bytes(linesep="\r\n")
        sender, recipients = wire_address(email_message.from_email), list(map(wire_address, email_message.to))
        self.connection.sendmail(sender, recipients, written)
        return True

    @property
    def answer(self) -> str:
        """What the server said to the last message, such as `250 2.0.0 Ok: queued as 4XyZ`."""
        return getattr(self.connection, "answer", "")
