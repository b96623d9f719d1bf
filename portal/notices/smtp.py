"""Django's way to a mail server, in fewer journeys, keeping what the server said when it took the message."""

from __future__ import annotations

import re
import smtplib
from collections.abc import Callable
from email.utils import parseaddr
from functools import lru_cache

from django.core.mail.backends import smtp

from portal.notices.letters import Letter, wire_address

BARE = re.compile(r"[\w.+-]+@[\w.-]+", re.ASCII)


class _Heard:
    """Keeps the answer to the end of DATA: from then on the message is the server's to deliver."""

    answer = ""
    leaving: Callable[[], None] = staticmethod(lambda: None)
    meanwhile: Callable[[], None] = staticmethod(lambda: None)

    def data(self, msg):
        self.putcmd("DATA")
        self.meanwhile()
        return self._data(msg, *self.getreply())

    def _data(self, msg: bytes, code: int, reply: bytes) -> tuple[int, bytes]:
        if code != 354:
            raise smtplib.SMTPDataError(code, reply)
        try:
            self.leaving()
        except BaseException:
            self.close()  # anything said now would be taken for the message
            raise
        self.send(stuffed(msg))
        code, reply = self.getreply()
        self.answer = f"{code} {reply.decode(errors='replace')}"
        return code, reply

    def post(self, sender: str, recipient: str, msg: bytes) -> None:
        """To one recipient; where the server takes commands together, in two journeys instead of four."""
        self.ehlo_or_helo_if_needed()
        if self.has_extn("pipelining") and _is_bare(sender) and _is_bare(recipient):
            self._pipelined(sender, recipient, msg)
        else:
            self.sendmail(sender, [recipient], msg)

    def _pipelined(self, sender: str, recipient: str, msg: bytes) -> None:
        """RFC 2920: what a command is answered is read once all are said. Raises what `sendmail` does."""
        size = f" SIZE={len(msg)}" if self.has_extn("size") else ""
        self.send(f"MAIL FROM:<{sender}>{size}\r\nRCPT TO:<{recipient}>\r\nDATA\r\n")
        self.meanwhile()
        code, reply = self.getreply()
        if code != 250:
            raise smtplib.SMTPSenderRefused(code, reply, sender)
        refused = self.getreply()
        code, reply = self.getreply()
        if refused[0] not in (250, 251):
            if code == 354:  # a letter to nobody
                self.send(b".\r\n")
                self.getreply()
            self.rset()
            raise smtplib.SMTPRecipientsRefused({recipient: refused})
        code, reply = self._data(msg, code, reply)
        if code != 250:
            raise smtplib.SMTPDataError(code, reply)


class _Plain(_Heard, smtplib.SMTP):
    pass


class _Secure(_Heard, smtplib.SMTP_SSL):
    pass


class EmailBackend(smtp.EmailBackend):
    @property
    def connection_class(self):
        return _Secure if self.use_ssl else _Plain

    def hand_over(self, letter: Letter, leaving: Callable[[], None], meanwhile: Callable[[], None]) -> None:
        """`meanwhile` is called while the server gets ready for the letter, `leaving` when it is."""
        self.connection.leaving, self.connection.meanwhile = leaving, meanwhile
        self.send_messages([letter])

    def _send(self, email_message):
        """A letter's addresses are plain and checked: Django's own way takes them apart for every mail."""
        if not isinstance(email_message, Letter):
            return super()._send(email_message)
        written = email_message.message().as_bytes(linesep="\r\n")
        self.connection.post(_address(email_message.from_email), _address(email_message.to[0]), written)
        return True

    @property
    def answer(self) -> str:
        """What the server said to the last message, such as `250 2.0.0 Ok: queued as 4XyZ`."""
        return getattr(self.connection, "answer", "")


@lru_cache(maxsize=64)
def _parsed(text: str) -> str:
    return parseaddr(text)[1]


def _address(text: str) -> str:
    """Without the name, as the commands have it."""
    wire = wire_address(text)
    return _parsed(wire) if "<" in wire else wire


def _is_bare(address: str) -> bool:
    return BARE.fullmatch(address) is not None


def stuffed(message: bytes) -> bytes:
    """As it goes over the line (RFC 5321, 4.5.2): a line that begins with a dot gets another, and a dot ends it all."""
    dotted = message.replace(b"\n.", b"\n..")
    first = b"." if message.startswith(b".") else b""
    last = b"" if message.endswith(b"\r\n") else b"\r\n"
    return first + dotted + last + b".\r\n"
