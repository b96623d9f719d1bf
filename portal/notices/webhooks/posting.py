"""One POST to a receiver that nobody vouches for: a checked address, no redirects, little time, little memory."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator, Mapping
from http.client import HTTPException

from django.utils.translation import gettext as _
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from portal.notices.webhooks.targets import Target, resolved

CONNECT_SECONDS = 3
READ_SECONDS = 5
# However slowly the receiver drips.
TOTAL_SECONDS = 10
ANSWER_BYTES = 64 * 1024
GONE = (404, 410)


class Refused(Exception):
    """The receiver did not take the message; with `is_final` it never will, with `is_late` it said nothing in time."""

    def __init__(self, message: str, *, is_final: bool = False, is_late: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.is_final, self.is_late = is_final, is_late


class _Pinned:
    """A connection to the address that was checked; the name in the URL is for TLS and the header `Host` only.

    `line` is a second handle of its socket, by which it can be cut off at any time.
    """

    address: str
    host: str
    port: int
    line: socket.socket | None = None

    def _new_conn(self) -> socket.socket:
        connected = socket.create_connection((self.address, self.port), CONNECT_SECONDS)
        connected.settimeout(READ_SECONDS)
        self.line = connected.dup()
        return connected


class _Plain(_Pinned, HTTPConnection):
    pass


class _Secure(_Pinned, HTTPSConnection):
    pass


def post(url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
    """Status and beginning of the answer; Refused unless the status is one of success."""
    target = resolved(url)
    with _within_time(target) as connection:
        headers = {**headers, "Connection": "close"}
        connection.request("POST", target.path, body, headers, preload_content=False, decode_content=False)
        response = connection.getresponse()
        answer = response.read(ANSWER_BYTES)
    _judge(response.status, response.headers.get("Location", ""), answer)
    return response.status, answer


@contextlib.contextmanager
def _within_time(target: Target) -> Iterator[_Plain | _Secure]:
    """A connection that is cut off when the time is over; whatever goes wrong with it is a Refused."""
    kind = _Secure if target.scheme == "https" else _Plain
    connection = kind(target.host, target.port, timeout=READ_SECONDS)
    connection.address = target.address
    is_over = threading.Event()

    def cut() -> None:
        is_over.set()
        if connection.line:
            with contextlib.suppress(OSError):
                connection.line.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(TOTAL_SECONDS, cut)
    timer.start()
    try:
        yield connection
    except (OSError, HTTPError, HTTPException) as error:
        if is_over.is_set() or isinstance(error, TimeoutError):
            raise _late() from error
        raise Refused(f"{type(error).__name__}: {error}") from error
    finally:
        timer.cancel()
        connection.close()
        if connection.line:
            connection.line.close()
    if is_over.is_set():
        raise _late()


def _late() -> Refused:
    return Refused(_("对方未在规定时间内应答。"), is_late=True)


def _judge(status: int, location: str, answer: bytes) -> None:
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        reason = _("对方要求转到 %(url)s；平台不跟随转向，请填写最终网址。") % {"url": location[:200]}
        raise Refused(reason, is_final=True)
    said = answer[:200].decode(errors="replace").strip()
    raise Refused(f"HTTP {status} {said}".strip(), is_final=status in GONE)
