"""Mail that came back: delivery status notifications (RFC 3464), matched by the Message-ID that we gave.

Nothing else in such a mail is believed: anybody can write one. The identifier cannot be guessed, and what it can do
is mark one message as returned.
"""

from __future__ import annotations

import email
import email.errors
import email.policy
import mailbox
import re
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from django.db import transaction
from django.db.models.functions import Now

from portal.notices.enums import DeliveryState
from portal.notices.models import Delivery
from portal.notices.outcomes import ERROR_CHARACTERS, tell_of_failure

MAX_BYTES = 1024 * 1024
OURS = re.compile(rb"^Message-ID:[ \t]*(?:\r?\n[ \t]+)?(<[0-9a-f]{32}@[^>\s]{1,80}>)", re.IGNORECASE | re.MULTILINE)
FIELD = re.compile(rb"^(Action|Status|Diagnostic-Code):[ \t]*(.*(?:\r?\n[ \t]+.*)*)", re.IGNORECASE | re.MULTILINE)
RETURNED = ("message/rfc822", "text/rfc822-headers", "message/rfc822-headers")


class Fate(StrEnum):
    BOUNCED = "bounced"
    DELAYED = "delayed"
    NOT_OURS = "not ours"
    UNREADABLE = "no status notification"


class Bounce(NamedTuple):
    message_id: str
    is_final: bool
    diagnostic: str


def parse(content: bytes) -> Bounce | None:
    """What the notification says of a message of ours; None when it is none, whatever the bytes."""
    if len(content) > MAX_BYTES:
        return None
    try:
        report = email.message_from_bytes(content, policy=email.policy.compat32)
        if report.get_content_type() != "multipart/report" or not report.is_multipart():
            return None
        parts = [(part.get_content_type(), _bytes_of(part)) for part in report.get_payload()]
    except (email.errors.MessageError, ValueError, LookupError, AttributeError, TypeError, RecursionError):
        return None
    status = next((body for kind, body in parts if kind == "message/delivery-status"), None)
    headers = next((body for kind, body in parts if kind in RETURNED), None)
    found = OURS.search(headers.lstrip()) if headers else None
    if status is None or found is None:
        return None
    fields = {name.lower(): _line(value) for name, value in FIELD.findall(status)}
    is_final = fields.get(b"action", "").lower() == "failed" or fields.get(b"status", "").startswith("5.")
    return Bounce(found.group(1).decode("ascii", "replace"), is_final, _diagnostic(fields))


def _bytes_of(part: email.message.Message) -> bytes:
    """The part's own lines, without taking it apart any further."""
    payload = part.get_payload()
    if isinstance(payload, list):
        return b"\n".join(inner.as_bytes() for inner in payload)
    return part.get_payload(decode=True) or b""


def _line(value: bytes) -> str:
    return " ".join(value.decode("utf-8", "replace").replace("\x00", "").split())


def _diagnostic(fields: dict[bytes, str]) -> str:
    words = [fields.get(b"status", ""), fields.get(b"diagnostic-code", "")]
    return " ".join(filter(None, words))[:ERROR_CHARACTERS]


@transaction.atomic
def record(content: bytes) -> Fate:
    """Mark what came back as returned, and tell who can reach the person otherwise."""
    bounce = parse(content)
    if bounce is None:
        return Fate.UNREADABLE
    known = Delivery.objects.filter(message_id=bounce.message_id)
    if not known.exists():
        return Fate.NOT_OURS
    if not bounce.is_final:
        return Fate.DELAYED
    rows = list(
        known.filter(state=DeliveryState.SENT)
        .select_related("notice__recipient", "notice__institution")
        .select_for_update(of=("self",))
    )
    Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=DeliveryState.BOUNCED, bounced_at=Now(), last_error=bounce.diagnostic
    )
    tell_of_failure([row.notice for row in rows if row.notice])
    return Fate.BOUNCED


def read_maildir(directory: Path) -> Counter[Fate]:
    """Record what arrived in a Maildir. What is dealt with is marked as read; the rest is marked, too, and kept."""
    box = mailbox.Maildir(directory, create=False)
    fates: Counter[Fate] = Counter()
    for key in _arrived(box):
        try:
            content = box.get_bytes(key)
        except (OSError, KeyError):
            continue
        fates[record(content)] += 1
        _mark_read(box, key)
    return fates


def _arrived(box: mailbox.Maildir) -> Iterator[str]:
    return (key for key in list(box.keys()) if box.get_message(key).get_subdir() == "new")


def _mark_read(box: mailbox.Maildir, key: str) -> None:
    message = box.get_message(key)
    message.set_subdir("cur")
    message.add_flag("S")
    box[key] = message
