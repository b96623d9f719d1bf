"""What each kind of notice says, in one place: the inbox and the mails read it here.

A notice stores facts (`data`), never sentences, so that each reader is told in the language of the moment:
`number` of a task (absent for a round of self-assessment and for a report), `title`, `title_en`, `deadline`
or `due` as an ISO date, `old_deadline` where it was another before, `is_official` when that date may be
provisional, and `days` left for a reminder. `count` says of how many things the title names the first. Of a file
that the checks stopped, `finding` is why, and `detail` what it was found by or in. `reference` is a requirement's.
What is told to supervisors names its `subject`, a kind of reminder, and how many `institutions` it is about; `text`
under its `heading` is a supervisor's own, written for the `authority`, and `person` somebody who could not be told.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.utils.formats import date_format
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from portal.notices.enums import REMINDERS, NoticeKind

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
    K.REPORT_SCHEDULE_ENDED: gettext_lazy("定期报告已停止：%(what)s"),
    K.FILE_REFUSED: gettext_lazy("文件未通过检查：%(what)s"),
    K.FILE_FAULT: gettext_lazy("文件完整性告警：%(what)s"),
    K.WITHDRAWN: gettext_lazy("已撤回报送：%(what)s"),
    K.DELEGATED: gettext_lazy("请您填报：%(what)s"),
    K.CASE_ASSIGNED: gettext_lazy("请您审核：%(what)s"),
    K.REVIEW_PROPOSED: gettext_lazy("待您复核：%(what)s"),
    K.REVIEW_DECLINED: gettext_lazy("复核不同意：%(what)s"),
    K.REQUEST_FILED: gettext_lazy("收到新申请：%(what)s"),
    K.REQUEST_GRANTED: gettext_lazy("申请已同意：%(what)s"),
    K.REQUEST_DECLINED: gettext_lazy("申请未同意：%(what)s"),
    K.DEADLINES_EXTENDED: gettext_lazy("完成期限延后：%(what)s"),
    K.EXTENSION_UNDONE: gettext_lazy("延期已撤销：%(what)s"),
    K.RECTIFICATION_OPENED: gettext_lazy("请整改：%(what)s"),
    K.RECTIFICATION_ANSWERED: gettext_lazy("整改待核验：%(what)s"),
    K.RECTIFICATION_REOPENED: gettext_lazy("请继续整改：%(what)s"),
    K.RECTIFICATION_CLOSED: gettext_lazy("整改已办结：%(what)s"),
    K.DELIVERY_FAILED: gettext_lazy("通知未能送达：%(what)s"),
    K.INVITATION: gettext_lazy("邀请您加入：%(what)s"),
}
BODIES = {
    K.RETURNED: gettext_lazy("监管单位退回了%(institution)s的%(what)s。请查看退回理由，修改后重新签署报送。"),
    K.ACCEPTED: gettext_lazy("监管单位已验收%(institution)s的%(what)s，无需再办理。"),
    K.AWAITING_SIGNATURE: gettext_lazy("%(institution)s的%(what)s已填报完毕，等待您签署后报送监管单位。"),
    K.SENT_BACK: gettext_lazy("首席信息官退回了%(institution)s的%(what)s。请查看说明，修改后重新提交签署。"),
    K.SUBMITTED: gettext_lazy("%(institution)s已签署报送%(what)s，等待审核。"),
    K.REPORT_READY: gettext_lazy("%(what)s已生成，可以下载。"),
    K.REPORT_SCHEDULE_ENDED: gettext_lazy(
        "您已没有导出%(what)s的权限，为您定期生成的报告已停止。如仍需要，请在取得权限后重新设置。"
    ),
    K.FILE_REFUSED: gettext_lazy("%(institution)s上传的文件%(what)s未通过检查，不能作为证明材料。%(refusal)s"),
    K.FILE_FAULT: gettext_lazy(
        "核验存储时发现%(institution)s的文件%(what)s缺失或内容被改动，当日可能还有其他文件存在同样问题。"
        "请联系系统运维人员从备份恢复；恢复后再次核验无误，告警即解除。"
    ),
    K.WITHDRAWN: gettext_lazy("%(institution)s撤回了已报送的%(what)s，该版本不再审核。修改后将重新签署报送。"),
    K.DELEGATED: gettext_lazy("%(institution)s的%(what)s已分派给您填报，请在截止日期前完成。"),
    K.CASE_ASSIGNED: gettext_lazy("%(institution)s报送的%(what)s已分派给您审核。"),
    K.REVIEW_PROPOSED: gettext_lazy("%(institution)s报送的%(what)s已有拟定的审核结论，请复核。"),
    K.REVIEW_DECLINED: gettext_lazy(
        "您对%(institution)s报送的%(what)s拟定的结论未获同意。请查看理由，修改后重新提交复核。"
    ),
    K.REQUEST_FILED: gettext_lazy("%(institution)s就%(what)s提出了申请，请审批。"),
    K.REQUEST_GRANTED: gettext_lazy("监管单位已同意%(institution)s就%(what)s提出的申请。"),
    K.REQUEST_DECLINED: gettext_lazy("监管单位未同意%(institution)s就%(what)s提出的申请。请查看审批意见。"),
    K.RECTIFICATION_OPENED: gettext_lazy("监管单位要求%(institution)s整改%(what)s，期限为%(deadline)s。"),
    K.RECTIFICATION_ANSWERED: gettext_lazy("%(institution)s已提交%(what)s的整改结果，请核验。"),
    K.RECTIFICATION_REOPENED: gettext_lazy("监管单位核验后要求%(institution)s继续整改%(what)s，期限为%(deadline)s。"),
    K.RECTIFICATION_CLOSED: gettext_lazy("%(institution)s的整改事项%(what)s已核验办结。"),
    K.DELIVERY_FAILED: gettext_lazy("发给%(person)s的通知（%(what)s）未能送达。请核对其接收地址，并另行转告。"),
    K.INVITATION: gettext_lazy("您被邀请加入%(what)s。"),
}

# What was found in a file (the values of `vault.enums.Finding`), and what to do. `detail` is in brackets, or empty.
REFUSALS = {
    "malware": gettext_lazy(
        "检出恶意代码%(detail)s，文件已隔离，任何人都不能下载。请在本机查杀病毒，确认文件安全后重新上传。"
    ),
    "type": gettext_lazy("文件内容的类型不受支持%(detail)s。请转换为 PDF、Office 文档或图片后重新上传。"),
    "nested": gettext_lazy("压缩包内有不受支持的文件%(detail)s。请移除该文件，重新打包上传。"),
    "encrypted": gettext_lazy("文件受密码保护%(detail)s，无法检查和阅读。请取消密码后重新上传。"),
    "damaged": gettext_lazy("文件已损坏%(detail)s，无法打开。请在本机打开确认文件完好，再重新上传。"),
    "archive_limits": gettext_lazy(
        "压缩包的层数、文件数或解压后的大小超出限制%(detail)s。请拆分压缩包，或直接上传其中的文件。"
    ),
    "unsafe_names": gettext_lazy("压缩包内的文件名不安全%(detail)s。请重新打包，文件名中不要含路径和控制字符。"),
    "not_scannable": gettext_lazy("文件超出恶意代码扫描的上限%(detail)s，无法确认安全。请拆分文件后重新上传。"),
}


def subject(notice: Notice) -> str:
    counted = SUBJECTS_BY_DAYS.get(K(notice.kind))
    template = counted(notice) if counted else str(SUBJECTS[K(notice.kind)])
    return " ".join((template % _values(notice)).split())


def body(notice: Notice) -> str:
    counted = BODIES_BY_DAYS.get(K(notice.kind))
    template = counted(notice) if counted else str(BODIES[K(notice.kind)])
    return template % _values(notice)


def due_on(data: Mapping[str, Any]) -> datetime.date | None:
    day = data.get("deadline") or data.get("due")
    return datetime.date.fromisoformat(day) if day else None


def is_overdue(notice: Notice) -> bool:
    """Whether the notice reminds of a deadline that had passed when it was written."""
    return notice.kind in REMINDERS and notice.data.get("days", 0) < 0


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


def _expiry_subject(notice: Notice) -> str:
    days = notice.data.get("days", 0)
    if days > 0:
        return ngettext(
            "证明材料还有 %(days)s 天过有效期：%(what)s", "证明材料还有 %(days)s 天过有效期：%(what)s", days
        )
    if days == 0:
        return _("证明材料有效期今日届满：%(what)s")
    return _("证明材料已过有效期：%(what)s")


def _expiry_body(notice: Notice) -> str:
    if notice.data.get("days", 0) >= 0:
        return _(
            "%(institution)s材料库中的%(what)s有效期至%(deadline)s。如已换发新证，请在任务页面上传新版本替换；"
            "如不再使用，请在文件页面清除有效期。"
        )
    return _(
        "%(institution)s材料库中的%(what)s有效期至%(deadline)s，现已过期。如已换发新证，请在任务页面上传新版本替换；"
        "如不再使用，请在文件页面清除有效期。"
    )


def _rectification_subject(notice: Notice) -> str:
    if "old_deadline" in notice.data:
        return _("整改期限已调整：%(what)s")
    days = notice.data.get("days", 0)
    if days > 0:
        return ngettext("整改还有 %(days)s 天到期：%(what)s", "整改还有 %(days)s 天到期：%(what)s", days)
    if days == 0:
        return _("整改今日到期：%(what)s")
    return ngettext("整改已逾期 %(days)s 天：%(what)s", "整改已逾期 %(days)s 天：%(what)s", -days)


def _rectification_body(notice: Notice) -> str:
    if "old_deadline" in notice.data:
        return _("监管单位将%(institution)s整改%(what)s的期限由%(old_deadline)s调整为%(deadline)s。")
    if notice.data.get("days", 0) >= 0:
        return _("%(institution)s的整改事项%(what)s期限为%(deadline)s，请在当日 24 时之前提交整改结果。")
    return _("%(institution)s的整改事项%(what)s已于%(deadline)s到期，仍未提交整改结果。")


def _assessment_body(notice: Notice) -> str:
    if notice.data.get("days", 0) >= 0:
        return _("%(institution)s的%(what)s截止日期为%(deadline)s，请在当日 24 时之前签署报送。")
    return _("%(institution)s的%(what)s已于%(deadline)s截止，仍未报送。请尽快办理。")


def _measure_subject(notice: Notice) -> str:
    days = notice.data.get("days", 0)
    if days > 0:
        return ngettext("整改措施还有 %(days)s 天到期：%(what)s", "整改措施还有 %(days)s 天到期：%(what)s", days)
    if days == 0:
        return _("整改措施今日到期：%(what)s")
    return ngettext("整改措施已到期 %(days)s 天：%(what)s", "整改措施已到期 %(days)s 天：%(what)s", -days)


def _measure_body(notice: Notice) -> str:
    return _(
        "%(institution)s在自评中就%(what)s填报的整改措施，计划于%(deadline)s完成。"
        "完成后请上传证明材料，并在下一次自评中说明。"
    )


def _extended_body(notice: Notice) -> str:
    if notice.data.get("count", 1) == 1:
        return _(
            "%(authority)s将%(institution)s%(what)s的完成期限由%(old_deadline)s延至%(deadline)s，"
            "提醒和逾期按新期限计算。延期理由：%(text)s"
        )
    return _(
        "%(authority)s延后了%(institution)s%(what)s的完成期限，其中最早的由%(old_deadline)s延至%(deadline)s，"
        "提醒和逾期按新期限计算。延期理由：%(text)s"
    )


def _undone_body(notice: Notice) -> str:
    if notice.data.get("count", 1) == 1:
        return _(
            "%(authority)s撤销了对%(institution)s%(what)s的延期，完成期限由%(old_deadline)s恢复为%(deadline)s。"
            "请按恢复后的期限办理。"
        )
    return _(
        "%(authority)s撤销了对%(institution)s%(what)s的延期，其中最早的由%(old_deadline)s恢复为%(deadline)s。"
        "请按恢复后的期限办理。"
    )


ESCALATED = {
    K.REMINDER: gettext_lazy("任务逾期未报送：%(what)s"),
    K.SELF_ASSESSMENT_DUE: gettext_lazy("自评逾期未报送：%(what)s"),
    K.RECTIFICATION_DUE: gettext_lazy("整改逾期未完成：%(what)s"),
    K.MEASURE_DUE: gettext_lazy("整改措施到期：%(what)s"),
}
ESCALATED_AHEAD = gettext_lazy("即将到期，请关注：%(what)s")


def _escalated_subject(notice: Notice) -> str:
    if notice.data.get("days", 0) >= 0:
        return str(ESCALATED_AHEAD)
    return str(ESCALATED[K(notice.data["subject"])])


def _escalated_body(notice: Notice) -> str:
    count = notice.data.get("institutions", 1)
    if count == 1:
        return _("%(what)s涉及%(institution)s，最早的期限为%(deadline)s。已提醒该机构，请督促办理。")
    return ngettext(
        "%(what)s涉及 %(institutions)s 家机构，最早的期限为%(deadline)s。已提醒各机构，请督促办理。",
        "%(what)s涉及 %(institutions)s 家机构，最早的期限为%(deadline)s。已提醒各机构，请督促办理。",
        count,
    )


def _urged_subject(notice: Notice) -> str:
    if notice.data.get("heading"):
        return _("%(authority)s催办：“%(heading)s”")
    return _("%(authority)s催办：%(what)s")


def _urged_body(notice: Notice) -> str:
    """The supervisor's own words, under what they are about; without a task the heading has said it."""
    if "number" in notice.data or "heading" not in notice.data:
        return _("%(authority)s就%(what)s催办%(institution)s：\n%(text)s")
    return _("%(authority)s致%(institution)s：\n%(text)s")


SUBJECTS_BY_DAYS = {
    K.REMINDER: _reminder_subject,
    K.SELF_ASSESSMENT_DUE: _reminder_subject,
    K.FILE_EXPIRING: _expiry_subject,
    K.RECTIFICATION_DUE: _rectification_subject,
    K.MEASURE_DUE: _measure_subject,
    K.ESCALATED: _escalated_subject,
    K.URGED: _urged_subject,
}
BODIES_BY_DAYS = {
    K.REMINDER: _reminder_body,
    K.SELF_ASSESSMENT_DUE: _assessment_body,
    K.FILE_EXPIRING: _expiry_body,
    K.RECTIFICATION_DUE: _rectification_body,
    K.MEASURE_DUE: _measure_body,
    K.ESCALATED: _escalated_body,
    K.URGED: _urged_body,
    K.DEADLINES_EXTENDED: _extended_body,
    K.EXTENSION_UNDONE: _undone_body,
}


def _values(notice: Notice) -> dict[str, Any]:
    return {
        "what": what(notice),
        "institution": notice.institution.local_name if notice.institution else _("本单位"),
        "days": abs(notice.data.get("days", 0)),
        "deadline": _deadline(notice),
        "old_deadline": _day(notice.data.get("old_deadline")),
        "refusal": _refusal(notice),
        "institutions": notice.data.get("institutions", 1),
        "text": notice.data.get("text", ""),
        "person": notice.data.get("person", ""),
        "authority": _authority(notice),
        "heading": notice.data.get("heading", ""),
    }


def _authority(notice: Notice) -> str:
    english = (get_language() or "").startswith("en")
    return (english and notice.data.get("authority_en")) or notice.data.get("authority") or _("监管单位")


def what(notice: Notice) -> str:
    """The matter by its name, in the active language."""
    data = notice.data
    english = (get_language() or "").startswith("en")
    title = (english and data.get("title_en")) or data.get("title", "")
    named = _("“%(title)s”") % {"title": title}
    if data.get("reference"):
        named = _("要求%(reference)s“%(title)s”") % {"reference": data["reference"], "title": title}
    elif data.get("number"):
        named = _("任务%(number)s“%(title)s”") % {"number": data["number"], "title": title}
    if data.get("count", 1) > 1:
        return ngettext("%(what)s等 %(count)s 件", "%(what)s等 %(count)s 件", data["count"]) % {
            "what": named,
            "count": data["count"],
        }
    return named


def _refusal(notice: Notice) -> str:
    detail = notice.data.get("detail")
    found = REFUSALS.get(notice.data.get("finding", ""), "")
    return str(found) % {"detail": _("（%(detail)s）") % {"detail": detail} if detail else ""}


def _deadline(notice: Notice) -> str:
    written = _day(notice.data.get("deadline") or notice.data.get("due"))
    if not written:
        return ""
    return written if notice.due_is_official else _("%(date)s（暂定）") % {"date": written}


def _day(text: str | None) -> str:
    return date_format(datetime.date.fromisoformat(text), "DATE_FORMAT") if text else ""
