"""The mails themselves: text and HTML from one template each, in the reader's language, with plain links."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from html import escape
from typing import Any, NamedTuple

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.accounts.models import Institution, Invitation, User
from portal.notices import texts
from portal.notices.letters import Letter
from portal.notices.models import Notice
from portal.notices.unsubscribing import unsubscribe_token

# RFC 3834: no holiday notes in answer.
HEADERS = {"Auto-Submitted": "auto-generated"}
# What one mail names, the most urgent first; the inbox has the rest.
NOTICES_A_MAIL = 50
# Stand for what is each reader's own until it is known, by the notice's place; no text has them.
NAME = "\x00name\x00"
INSTITUTION = "\x00institution {}\x00"
PATH = "\x00path {}\x00"


def notices_mail(notices: Sequence[Notice], *, is_digest: bool = False) -> Letter:
    """One mail for everything that one person is told at a time, what is most urgent first."""
    recipient = notices[0].recipient
    with translation.override(recipient.language):
        # What is long is told to one person, and would only fill the memory.
        make = _words if len(notices) <= NOTICES_A_MAIL else _words.__wrapped__
        words = make(_facts(notices)).filled(_own(recipient, notices))
        headers = HEADERS | _unsubscribe(recipient) if is_digest else HEADERS
        return _letter(*words, to=recipient.email, headers=headers)


class Words(NamedTuple):
    subject: str
    text: str
    html: str

    def filled(self, own: Mapping[str, str]) -> Words:
        """With what is each reader's own in place of what stands for it."""
        subject, text, html = self
        for blank, value in own.items():
            subject = subject.replace(blank, " ".join(value.split()))
            text = text.replace(blank, value)
            html = html.replace(blank, escape(value))
        return Words(subject, text, html)


def _own(recipient: User, notices: Sequence[Notice]) -> dict[str, str]:
    own = {NAME: recipient.name}
    for place, notice in enumerate(notices):
        own[PATH.format(place)] = notice.path
        if notice.institution:
            own[INSTITUTION.format(place)] = notice.institution.local_name
    return own


def _facts(notices: Sequence[Notice]) -> str:
    """All that the words follow from but what is each reader's own."""
    told = [(one.kind, one.data, bool(one.path), one.institution is not None) for one in notices]
    return json.dumps([translation.get_language(), settings.SITE_URL, told], sort_keys=True)


@lru_cache(maxsize=256)
def _words(facts: str) -> Words:
    """With blanks for what is each reader's own: a morning tells thousands the same, and it is made once."""
    _language, _site, told = json.loads(facts)
    notices = [_blank_notice(place, *one) for place, one in enumerate(told)]
    named = most_urgent(notices)
    context = {
        "name": NAME,
        "notices": named,
        "more": len(notices) - len(named),
        "inbox_url": _absolute(reverse("notices:inbox")),
        "settings_url": _absolute(reverse("notices:settings")),
    }
    subject = named[0].subject if len(notices) == 1 else _subject_of_many(notices)
    return _rendered("notices/notices.txt", "notices/notices.html", subject=subject, context=context)


def _blank_notice(place: int, kind: str, data: dict[str, Any], has_path: bool, has_institution: bool) -> Notice:
    institution = Institution(name=INSTITUTION.format(place)) if has_institution else None
    return Notice(kind=kind, data=data, path=PATH.format(place) if has_path else "", institution=institution)


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
        words = _rendered(
            "notices/invitation.txt",
            "notices/invitation.html",
            subject=_("邀请您加入%(body)s") % {"body": invitation.body.local_name},
            context={
                "invitation": invitation,
                "link": _absolute(reverse("accounts:invitation", args=[invitation.token])),
            },
        )
    return _letter(*words, to=invitation.email, headers=HEADERS)


def _rendered(text: str, html: str, *, subject: str, context: dict[str, Any]) -> Words:
    subject = " ".join(subject.split())
    context |= {"subject": subject, "site_url": settings.SITE_URL}
    return Words(subject, render_to_string(text, context), render_to_string(html, context))


def _letter(subject: str, text: str, html: str, *, to: str, headers: Mapping[str, str]) -> Letter:
    letter = Letter(subject=subject, body=text, to=[to], headers={**headers})
    letter.attach_alternative(html, "text/html")
    return letter


def _absolute(path: str) -> str:
    return settings.SITE_URL + path
