"""Django's way to a mail server, keeping what the server said when it took the message."""

from __future__ import annotations

import re
import smtplib

from django.core.mail.backends import smtp

from portal.notices.letters import Letter, wire_address

BARE = re.compile(r"[\w.+-]+@[\w.-]+", re.ASCII)


class _Heard:
    """Keeps the answer to the end of DATA: from then on the message is the server's to deliver.

    What smtplib does with patterns and parsers for every mail is done here by the plainest means.
    """

    answer = ""

    def mail(self, sender, options=()):
        if not _is_bare(sender):
            return super().mail(sender, options)
        return self.docmd("MAIL", " ".join([f"FROM:<{sender}>", *options]))

    def rcpt(self, recip, options=()):
        if not _is_bare(recip):
            return super().rcpt(recip, options)
        return self.docmd("RCPT", " ".join([f"TO:<{recip}>", *options]))

    def data(self, msg):
        code, reply = self.docmd("DATA")
        if code != 354:
            raise smtplib.SMTPDataError(code, reply)
        self.send(stuffed(msg))
        code, reply = self.getreply()
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


def _is_bare(address: str) -> bool:
    return BARE.fullmatch(address) is not None


def stuffed(message: bytes) -> bytes:
    """As it goes over the line (RFC 5321, 4.5.2): a line that begins with a dot gets another, and a dot ends it all."""
    dotted = message.replace(b"\n.", b"\n..")
    first = b"." if message.startswith(b".") else b""
    last = b"" if message.endswith(b"\r\n") else b"\r\n"
    return first + dotted + last + b".\r\n"
