"""Send one message to a person's webhook, and understand what comes back."""

from __future__ import annotations

import json
import secrets
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from portal.notices.enums import Channel
from portal.notices.models import Route
from portal.notices.secrets import unseal
from portal.notices.webhooks.bodies import Item, Message, request_for
from portal.notices.webhooks.posting import Refused, post

ROBOTS = (Channel.WECOM, Channel.DINGTALK)
# The robot is gone, or its address was wrong from the beginning.
FINAL_CODES = {Channel.WECOM: (93000,), Channel.DINGTALK: ()}
ANSWER_CHARACTERS = 500


def send(route: Route, message: Message) -> str:
    """What the receiver answered; Refused or BadTarget when it did not take the message."""
    with translation.override(message.person.language):
        request = request_for(route.channel, route.address, unseal(route.secret), message)
    status, answer = post(*request)
    text = answer.decode(errors="replace").replace("\x00", "")
    if route.channel in ROBOTS:
        _check_code(Channel(route.channel), text)
    return f"{status} {text}".strip()[:ANSWER_CHARACTERS]


def send_test(route: Route) -> str:
    """A message that says it is a test, in the active language; the route need not be saved."""
    item = Item(
        number=0,
        kind="test",
        subject=_("测试消息：通知将发送到这里"),
        body=_("这是一条测试消息，表明平台可以把通知发送到该地址。"),
        url=settings.SITE_URL + reverse("notices:inbox"),
        institution="",
        created_at=timezone.now(),
    )
    return send(route, Message(secrets.token_hex(16), route.user, [item]))


def _check_code(channel: Channel, text: str) -> None:
    """Robots answer 200 to everything; `errcode` says whether they meant it."""
    try:
        said: Any = json.loads(text)
    except ValueError:
        said = None
    code = said.get("errcode") if isinstance(said, dict) else None
    if code == 0:
        return
    if code is None:
        raise Refused(_("对方的应答不是该机器人应有的：%(answer)s") % {"answer": text[:200]})
    said_of_it = str(said.get("errmsg", ""))[:300]
    reason = _("机器人未接收，错误码 %(code)s：%(reason)s") % {"code": code, "reason": said_of_it}
    raise Refused(reason, is_final=code in FINAL_CODES[channel])
