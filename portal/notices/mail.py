"""The mails themselves: text and HTML from one template each, in the reader's language, with plain links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.accounts.models import Invitation, User
from portal.notices import texts
from portal.notices.letters import Letter
from portal.notices.models import Notice
from portal.notices.unsubscribing import unsubscribe_token

# RFC 3834: no holiday notes in answer.
HEADERS = {"Auto-Submitted": "auto-generated"}
# What one mail names, the most urgent first; the inbox has the rest.
NOTICES_A_MAIL = 50


def notices_mail(notices: Sequence[Notice], *, is_digest: bool = False) -> Letter:
    """One mail for everything that one person is told at a time, what is most urgent first."""
    recipient = notices[0].recipient
    named = most_urgent(notices)
    with translation.override(recipient.language):
        return _mail(
            "notices/notices.txt",
            "notices/notices.html",
            to=recipient.email,
            subject=named[0].subject if len(notices) == 1 else _subject_of_many(notices),
            context={
                "name": recipient.name,
                "notices": named,
                "more": len(notices) - len(named),
                "inbox_url": _absolute(_inbox()),
                "settings_url": _absolute(reverse("notices:settings")),
            },
            headers=HEADERS | _unsubscribe(recipient) if is_digest else HEADERS,
        )


def most_urgent(notices: Sequence[Notice]) -> list[Notice]:
    return sorted(notices, key=lambda notice: notice.data.get("days", 0))[:NOTICES_A_MAIL]


def _unsubscribe(recipient: User) -> dict[str, str]:
    """RFC 2369, and RFC 8058 for mail programs that do it by one click."""
    url = _absolute(reverse("notices:unsubscribe", args=[unsubscribe_token(recipient)]))
    return {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def _subject_of_many(notices: Sequence[Notice]) -> str:
    count = len(notices)
    if any(notice.kind not in texts.REMINDERS for notice in notices):
        return ngettext("您有 %(count)s 条新通知", "您有 %(count)s 条新通知", count) % {"count": count}
    late = sum(map(texts.is_overdue, notices))
    if late:
        return _("期限提醒：%(count)s 项工作，其中 %(late)s 项已逾期") % {"count": count, "late": late}
    return ngettext("期限提醒：%(count)s 项工作", "期限提醒：%(count)s 项工作", count) % {"count": count}


def invitation_mail(invitation: Invitation) -> Letter:
    """In the inviter's language, as nothing is known yet of the person invited."""
    with translation.override(invitation.invited_by.language):
        return _mail(
            "notices/invitation.txt",
            "notices/invitation.html",
            to=invitation.email,
            subject=_("邀请您加入%(body)s") % {"body": invitation.body.local_name},
            context={
                "invitation": invitation,
                "link": _absolute(reverse("accounts:invitation", args=[invitation.token])),
            },
            headers=HEADERS,
        )


def _mail(
    text: str, html: str, *, to: str, subject: str, context: dict[str, Any], headers: Mapping[str, str]
) -> Letter:
    subject = " ".join(subject.split())
    context |= {"subject": subject, "site_url": settings.SITE_URL}
    mail = Letter(subject=subject, body=render_to_string(text, context), to=[to], headers={**headers})
    mail.attach_alternative(render_to_string(html, context), "text/html")
    return mail


@cache
def _inbox() -> str:
    return reverse("notices:inbox")


def _absolute(path: str) -> str:
    return settings.SITE_URL + path
