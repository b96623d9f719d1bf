"""What each kind of receiver is sent, as its maker documents it."""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import json
import re
import time
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse
from django.utils.translation import ngettext

from portal.accounts.models import User
from portal.notices.enums import Channel
from portal.notices.models import Notice

WECOM_BYTES = 4096
DINGTALK_BYTES = 18_000  # of 20,000, the rest for the frame
MARKUP = re.compile(r"([\\`*_\[\]<>#])")


class Item(NamedTuple):
    """One notice, in words."""

    number: int
    kind: str
    subject: str
    body: str
    url: str
    institution: str
    created_at: datetime.datetime

    @classmethod
    def of(cls, notice: Notice) -> Item:
        return cls(
            notice.pk,
            notice.kind,
            notice.subject,
            notice.body,
            settings.SITE_URL + notice.path if notice.path else _inbox(),
            notice.institution.local_name if notice.institution else "",
            notice.created_at,
        )


class Message(NamedTuple):
    """What one person is told at a time; `more` is how many notices besides stand in the inbox only."""

    number: str
    person: User
    items: Sequence[Item]
    more: int = 0


class Request(NamedTuple):
    url: str
    body: bytes
    headers: dict[str, str]


def request_for(channel: str, url: str, secret: str, message: Message) -> Request:
    """In the active language."""
    makers = {Channel.WECOM: _wecom, Channel.DINGTALK: _dingtalk, Channel.WEBHOOK: _generic}
    return makers[Channel(channel)](url, secret, message)


def _wecom(url: str, _secret: str, message: Message) -> Request:
    content = _markdown(message, WECOM_BYTES)
    return _json(url, {"msgtype": "markdown", "markdown": {"content": content}}, message)


def _dingtalk(url: str, secret: str, message: Message) -> Request:
    markdown = {"title": _title(message), "text": _markdown(message, DINGTALK_BYTES)}
    return _json(_signed_url(url, secret), {"msgtype": "markdown", "markdown": markdown}, message)


def _signed_url(url: str, secret: str) -> str:
    """With the robot's signature over the time, in milliseconds, where it asks for one."""
    if not secret:
        return url
    timestamp = str(time.time_ns() // 1_000_000)
    digest = hmac.digest(secret.encode(), f"{timestamp}\n{secret}".encode(), hashlib.sha256)
    query = urlencode({"timestamp": timestamp, "sign": base64.b64encode(digest).decode()})
    return f"{url}{'&' if '?' in url else '?'}{query}"


def _generic(url: str, secret: str, message: Message) -> Request:
    request = _json(url, _content(message), message)
    if secret:
        timestamp = str(int(time.time()))
        digest = hmac.new(secret.encode(), timestamp.encode() + b"." + request.body, hashlib.sha256).hexdigest()
        request.headers["X-Portal-Signature"] = f"t={timestamp},v1={digest}"
    return request


def _json(url: str, content: dict[str, Any], message: Message) -> Request:
    body = json.dumps(content, ensure_ascii=False).encode()
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "compliance-supervision-portal",
        "X-Portal-Delivery": message.number,
    }
    return Request(url, body, headers)


def _content(message: Message) -> dict[str, Any]:
    """docs/notices.md documents it for those who write receivers."""
    return {
        "id": message.number,
        "person": {"name": message.person.name, "email": message.person.email},
        "notices": [
            {
                "id": item.number,
                "kind": item.kind,
                "subject": item.subject,
                "body": item.body,
                "url": item.url,
                "institution": item.institution or None,
                "created_at": item.created_at.isoformat(),
            }
            for item in message.items
        ],
        "more": message.more,
        "inbox_url": _inbox(),
    }


def _title(message: Message) -> str:
    if len(message.items) == 1 and not message.more:
        return message.items[0].subject
    count = len(message.items) + message.more
    return ngettext("您有 %(count)s 条新通知", "您有 %(count)s 条新通知", count) % {"count": count}


def _markdown(message: Message, limit: int) -> str:
    """As many notices as fit, and how many more there are."""
    head = f"**{_plain(message.person.name)}**\n"
    shown = [_told(item) for item in message.items]
    while True:
        more = message.more + len(message.items) - len(shown)
        text = head + "\n".join(shown) + (f"\n{_and_more(more)}" if more else "")
        if len(text.encode()) <= limit or not shown:
            return text
        shown.pop()


def _told(item: Item) -> str:
    line = f"> [{_plain(item.subject)}]({item.url})\n"
    return f"{line}> {_plain(item.institution)}\n" if item.institution else line


def _and_more(count: int) -> str:
    link = f"[{_inbox()}]({_inbox()})"
    text = ngettext("另有 %(count)s 条，见收件箱：%(link)s", "另有 %(count)s 条，见收件箱：%(link)s", count)
    return text % {"count": count, "link": link}


def _plain(text: str) -> str:
    """Titles are people's words, and no markup."""
    return MARKUP.sub(r"\\\1", " ".join(text.split()))


def _inbox() -> str:
    return settings.SITE_URL + reverse("notices:inbox")
