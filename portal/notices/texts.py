"""What each kind of notice says, in one place: the inbox and the mails read it here.

A notice stores facts (`data`), never sentences, so that each reader is told in the language of the moment:
`number` of a task (absent for a round of self-assessment and for a report), `title`, `title_en`, `deadline`
or `due` as an ISO date, `is_official` when that date may be provisional, and `days` left for a reminder.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.utils.formats import date_format
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from portal.notices.enums import NoticeKind

if TYPE_CHECKING:
    from portal.notices.models import Notice

K = NoticeKind

SUBJECTS = {
    K.RETURNED: gettext_lazy("已退回：%(what)s"),
    K.ACCEPTED: gettext_lazy("已验收：%(what)s"),
    K.AWAITING_SIGNATURE: gettext_lazy("待您签署：%(what)s"),
    K.SENT_BACK: gettext_lazy("首席信息官退回修改：%(what)s"),
    K.SUBMITTED: gettext_lazy("收到新报送：%(what)s"),
    K.REPORT_READY: gettext_lazy("报告已生成：%(what)s"),
    K.INVITATION: gettext_lazy("邀请您加入：%(what)s"),
}
BODIES = {
    K.RETURNED: gettext_lazy("监管单位退回了%(institution)s的%(what)s。请查看退回理由，修改后重新签署报送。"),
    K.ACCEPTED: gettext_lazy("监管单位已验收%(institution)s的%(what)s，无需再办理。"),
    K.AWAITING_SIGNATURE: gettext_lazy("%(institution)s的%(what)s已填报完毕，等待您签署后报送监管单位。"),
    K.SENT_BACK: gettext_lazy("首席信息官退回了%(institution)s的%(what)s。请查看说明，修改后重新提交签署。"),
    K.SUBMITTED: gettext_lazy("%(institution)s已签署报送%(what)s，等待审核。"),
    K.REPORT_READY: gettext_lazy("%(what)s已生成，可以下载。"),
    K.INVITATION: gettext_lazy("您被邀请加入%(what)s。"),
}


def subject(notice: Notice) -> str:
    template = _reminder_subject(notice) if notice.kind == K.REMINDER else str(SUBJECTS[K(notice.kind)])
    return " ".join((template % _values(notice)).split())


def body(notice: Notice) -> str:
    template = _reminder_body(notice) if notice.kind == K.REMINDER else str(BODIES[K(notice.kind)])
    return template % _values(notice)


def due_on(data: Mapping[str, Any]) -> datetime.date | None:
    day = data.get("deadline") or data.get("due")
    return datetime.date.fromisoformat(day) if day else None


def is_overdue(notice: Notice) -> bool:
    """Whether the notice reminds of a deadline that had passed when it was written."""
    return notice.kind == K.REMINDER and notice.data.get("days", 0) < 0


def _reminder_subject(notice: Notice) -> str:
    days = notice.data.get("days", 0)
    if days > 0:
        return ngettext("还有 %(days)s 天到期：%(what)s", "还有 %(days)s 天到期：%(what)s", days)
    if days == 0:
        return _("今日到期：%(what)s")
    return ngettext("已逾期 %(days)s 天：%(what)s", "已逾期 %(days)s 天：%(what)s", -days)


def _reminder_body(notice: Notice) -> str:
    days = notice.data.get("days", 0)
    if days > 0:
        return _("%(institution)s的%(what)s期限为%(deadline)s，请在当日 24 时之前签署报送。")
    if days == 0:
        return _("%(institution)s的%(what)s期限为今日，即%(deadline)s，请在 24 时之前签署报送。")
    return _("%(institution)s的%(what)s已于%(deadline)s到期，仍未报送。请尽快办理。")


def _values(notice: Notice) -> dict[str, Any]:
    return {
        "what": _what(notice),
        "institution": notice.institution.local_name if notice.institution else _("本单位"),
        "days": abs(notice.data.get("days", 0)),
        "deadline": _deadline(notice),
    }


def _what(notice: Notice) -> str:
    data = notice.data
    english = (get_language() or "").startswith("en")
    title = (english and data.get("title_en")) or data.get("title", "")
    if data.get("number"):
        return _("任务%(number)s“%(title)s”") % {"number": data["number"], "title": title}
    return _("“%(title)s”") % {"title": title}


def _deadline(notice: Notice) -> str:
    day = due_on(notice.data)
    if day is None:
        return ""
    written = date_format(day, "DATE_FORMAT")
    return written if notice.due_is_official else _("%(date)s（暂定）") % {"date": written}
