"""送达记录 as a spreadsheet: what the people of an institution were told in a period, each delivery a row.

It shows what the page shows its reader: to supervisors neither the institution's own affairs nor whole addresses.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from itertools import islice
from typing import IO, Any

from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django.utils.translation import gettext as _
from openpyxl import Workbook

from portal.accounts.models import Membership
from portal.notices.models import Escalation, Notice
from portal.notices.told import Told, reported, told, with_deliveries
from reports.documents import one_moment
from reports.models import Report
from reports.permissions import membership_for
from reports.sheets import Column, moment, save, write_notes, write_sheet

ROWS_AT_ONCE = 1000


def write_proof(report: Report, file: IO[bytes]) -> None:
    """The workbook in the active language, over what its reader may see now, from one moment.

    Raises PermissionDenied when the person who asked has lost the role meanwhile.
    """
    membership = membership_for(report.requested_by, report)
    if membership is None:
        raise PermissionDenied
    now = timezone.localtime()
    book = Workbook(write_only=True)
    with one_moment():
        write_notes(book, _notes(report, now))
        write_sheet(book, _("通知"), _columns(), _notices(report, membership))
        write_sheet(book, _("已报监管单位"), _reported_columns(), _escalations(report, membership))
        save(book, file, now)


def _columns() -> list[Column]:
    """Heads in the active language, and widths in characters."""
    return [
        (_("通知时间"), 18),
        (_("收件人"), 12),
        (_("角色"), 12),
        (_("类别"), 14),
        (_("内容"), 50),
        (_("已读时间"), 18),
        (_("方式"), 18),
        (_("状态"), 12),
        (_("发送时间"), 18),
        (_("退信时间"), 18),
        (_("收件地址"), 28),
        (_("消息标识"), 34),
        (_("服务器回复"), 40),
        (_("错误"), 40),
        (_("发送次数"), 10),
    ]


def _reported_columns() -> list[Column]:
    return [(_("上报时间"), 18), (_("事项"), 50), (_("类别"), 14), (_("期限"), 12), (_("阶段"), 18), (_("报给"), 14)]


def _notices(report: Report, membership: Membership) -> Iterator[list[Any]]:
    visible = Notice.objects.told_for(report.requested_by, membership)
    rows = with_deliveries(_in_period(visible, report)).order_by("pk").iterator(ROWS_AT_ONCE)
    while batch := list(islice(rows, ROWS_AT_ONCE)):
        for line in told(batch, is_own=not membership.is_supervising):
            yield from _lines(line)


def _lines(line: Told) -> Iterator[list[Any]]:
    """One for each delivery; one without, where the inbox was all."""
    notice = line.notice
    head = [
        moment(notice.created_at),
        notice.recipient.name,
        line.role,
        notice.get_kind_display(),
        notice.subject,
        moment(notice.read_at),
    ]
    if not line.sent:
        yield [*head, _("仅收件箱"), *[None] * 8]
    for sent in line.sent:
        delivery = sent.delivery
        yield [
            *head,
            delivery.get_channel_display(),
            delivery.get_state_display(),
            moment(delivery.sent_at),
            moment(delivery.bounced_at),
            sent.address,
            delivery.message_id,
            sent.answer,
            sent.error,
            delivery.attempts,
        ]


def _escalations(report: Report, membership: Membership) -> Iterator[list[Any]]:
    visible = Escalation.objects.told_for(report.requested_by, membership)
    rows = _in_period(visible, report).order_by("pk").iterator(ROWS_AT_ONCE)
    while batch := list(islice(rows, ROWS_AT_ONCE)):
        for line in reported(batch):
            yield [
                moment(line.escalation.created_at),
                line.matter,
                line.escalation.get_kind_display(),
                datetime.date.fromisoformat(line.deadline),
                line.stage,
                line.addressee,
            ]


def _in_period(rows: Any, report: Report) -> Any:
    start, end = (
        timezone.make_aware(datetime.datetime.combine(day, datetime.time.min))
        for day in (report.starts_on, report.ends_on + datetime.timedelta(days=1))
    )
    return rows.filter(institution=report.institution, created_at__gte=start, created_at__lt=end)


def _notes(report: Report, now: datetime.datetime) -> list[tuple[str, Any]]:
    period = f"{report.starts_on:%Y-%m-%d} – {report.ends_on:%Y-%m-%d}"
    return [
        (report.get_kind_display(), report.number),
        (_("机构"), report.institution.local_name),
        (_("期间"), period),
        (_("导出单位"), report.body.local_name),
        (_("申请人"), report.requested_by.name),
        (_("数据时间"), moment(now)),
        (_("时区"), "Asia/Shanghai (UTC+8)"),
        (_("行"), _("每条通知按每种发送方式各一行；只在收件箱中的通知一行。通知时间为写入收件箱的时间。")),
        (_("角色"), _("收件人现在该机构的角色。")),
        (_("已读时间"), _("收件人在收件箱中打开的时间；只在邮件或其他方式中阅读的，平台无从得知。")),
        (
            _("状态"),
            _(
                "已发送：对方服务器已接收；已退信：接收后又退回；发送失败：多次尝试后停止；无需发送：已被后来的通知代替。"
            ),
        ),
        (_("服务器回复"), _("对方服务器接收时的原文。")),
        (_("收件地址"), _("监管单位导出时，邮件地址只显示首尾；Webhook 地址一律不显示。")),
        (_("已报监管单位"), _("按提醒规则，机构的事项在哪一阶段报给了哪一级监管人员。")),
    ]
