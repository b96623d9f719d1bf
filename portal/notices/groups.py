"""The kinds of notices as people sort them."""

from __future__ import annotations

from django.db.models import Q, TextChoices
from django.utils.translation import gettext_lazy as _

from portal.notices.enums import REMINDERS
from portal.notices.enums import NoticeKind as K


class NoticeGroup(TextChoices):
    DEADLINES = "deadlines", _("期限提醒")
    VERDICTS = "verdicts", _("审核与退回")
    URGING = "urging", _("催办与上报")
    FILES = "files", _("文件")
    OTHER = "other", _("其他")


KINDS: dict[NoticeGroup, tuple[K, ...]] = {
    NoticeGroup.DEADLINES: REMINDERS,
    NoticeGroup.VERDICTS: (
        K.RETURNED,
        K.ACCEPTED,
        K.AWAITING_SIGNATURE,
        K.SENT_BACK,
        K.SUBMITTED,
        K.WITHDRAWN,
        K.REVIEW_PROPOSED,
        K.REVIEW_DECLINED,
        K.RECTIFICATION_OPENED,
        K.RECTIFICATION_ANSWERED,
        K.RECTIFICATION_REOPENED,
        K.RECTIFICATION_CLOSED,
        K.REQUEST_FILED,
        K.REQUEST_GRANTED,
        K.REQUEST_DECLINED,
        K.DEADLINES_EXTENDED,
        K.EXTENSION_UNDONE,
    ),
    NoticeGroup.URGING: (K.URGED, K.ESCALATED),
    NoticeGroup.FILES: (K.FILE_REFUSED, K.FILE_EXPIRING, K.FILE_FAULT),
}


def in_group(group: NoticeGroup) -> Q:
    """What stands in no group is among the others."""
    if group == NoticeGroup.OTHER:
        return ~Q(kind__in=[kind for kinds in KINDS.values() for kind in kinds])
    return Q(kind__in=KINDS[group])
