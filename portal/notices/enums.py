from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class NoticeKind(TextChoices):
    REMINDER = "reminder", _("期限提醒")
    RETURNED = "returned", _("退回")
    ACCEPTED = "accepted", _("验收")
    AWAITING_SIGNATURE = "awaiting_signature", _("待签署")
    SENT_BACK = "sent_back", _("退回填报人")
    SUBMITTED = "submitted", _("新报送")
    REPORT_READY = "report_ready", _("报告完成")
    REPORT_SCHEDULE_ENDED = "report_schedule_ended", _("定期报告停止")
    FILE_REFUSED = "file_refused", _("文件未通过检查")
    FILE_EXPIRING = "file_expiring", _("文件即将到期")
    FILE_FAULT = "file_fault", _("文件完整性告警")
    WITHDRAWN = "withdrawn", _("撤回报送")
    DELEGATED = "delegated", _("分派填报")
    CASE_ASSIGNED = "case_assigned", _("分派审核")
    REVIEW_PROPOSED = "review_proposed", _("待复核")
    REVIEW_DECLINED = "review_declined", _("复核不同意")
    REQUEST_FILED = "request_filed", _("新申请")
    REQUEST_GRANTED = "request_granted", _("申请已同意")
    REQUEST_DECLINED = "request_declined", _("申请未同意")
    DEADLINES_EXTENDED = "deadlines_extended", _("期限延后")
    EXTENSION_UNDONE = "extension_undone", _("撤销延期")
    RECTIFICATION_OPENED = "rectification_opened", _("提出整改")
    RECTIFICATION_ANSWERED = "rectification_answered", _("整改待核验")
    RECTIFICATION_REOPENED = "rectification_reopened", _("继续整改")
    RECTIFICATION_CLOSED = "rectification_closed", _("整改办结")
    RECTIFICATION_DUE = "rectification_due", _("整改期限提醒")
    SELF_ASSESSMENT_DUE = "self_assessment_due", _("自评期限提醒")
    MEASURE_DUE = "measure_due", _("措施期限提醒")
    ESCALATED = "escalated", _("逾期上报")
    URGED = "urged", _("催办")
    DELIVERY_FAILED = "delivery_failed", _("送达失败")
    INVITATION = "invitation", _("邀请")


K = NoticeKind

REMINDERS = (K.REMINDER, K.SELF_ASSESSMENT_DUE, K.RECTIFICATION_DUE, K.MEASURE_DUE)
# What a person is obliged to know of: nobody can switch it off, only have it in a digest.
STATUTORY = (
    *REMINDERS,
    K.ESCALATED,
    K.URGED,
    K.RETURNED,
    K.DEADLINES_EXTENDED,
    K.EXTENSION_UNDONE,
    K.RECTIFICATION_OPENED,
    K.RECTIFICATION_REOPENED,
)
# What an institution is told by those who supervise it, or is reminded of for them. The rest is its own affair, and
# stands in its own proof of delivery only.
SUPERVISORY = (*STATUTORY, K.ACCEPTED, K.REQUEST_GRANTED, K.REQUEST_DECLINED, K.RECTIFICATION_CLOSED)


class Channel(TextChoices):
    """How a notice leaves the portal; the inbox in the portal has every notice anyway."""

    EMAIL = "email", _("电子邮件")
    WECOM = "wecom", _("企业微信群机器人")
    DINGTALK = "dingtalk", _("钉钉群机器人")
    WEBHOOK = "webhook", _("通用 Webhook")


WEBHOOKS = (Channel.WECOM, Channel.DINGTALK, Channel.WEBHOOK)


class DeliveryState(TextChoices):
    PENDING = "pending", _("待发送")
    SENT = "sent", _("已发送")
    BOUNCED = "bounced", _("已退信")
    PARKED = "parked", _("发送失败")
    # Not sent, and needless: what it said is no longer so, or a later notice in the same message says it.
    DROPPED = "dropped", _("无需发送")


FAILED = (DeliveryState.BOUNCED, DeliveryState.PARKED)


class Needless(TextChoices):
    """Why a delivery was dropped, or parked without a try; what others say of it stands in their words."""

    CLOSED = "matter_closed", _("事项已办结，无需再提醒。")
    MOVED = "deadline_moved", _("期限已调整，原提醒不再发送。")
    REPLACED = "replaced", _("同一事项有更新的提醒，已由其代替。")
    LEFT = "account_closed", _("账号已停用。")
    INVITATION_CLOSED = "invitation_closed", _("邀请已失效。")
    HANDED_OVER = "handed_over", _("接收人已停用该接收方式，改由其他方式发送。")
    NO_ROUTE = "no_route", _("接收人已停用该接收方式。")
    NO_ADDRESS = "no_address", _("不是有效的邮箱地址。")
    FULL_WIDTH = "full_width", _("邮箱地址中有全角字符，须改为半角。")
    SILENT = "silent", _("对方刚才未应答，本轮不再尝试。")
    WORKER_DIED = "worker_died", _("每次发送时进程都中断了。")


class Pace(TextChoices):
    """When a channel sends: as things happen, or gathered into one message."""

    AT_ONCE = "at_once", _("即时发送")
    DAILY = "daily", _("每个工作日汇总")
    WEEKLY = "weekly", _("每周汇总")


class DayUnit(TextChoices):
    CALENDAR = "calendar", _("自然日")
    WORKING = "working", _("工作日")


class Addressee(TextChoices):
    """Whom a stage of a reminder tells. The values are those of `portal.accounts.enums.Role`."""

    CONTRIBUTOR = "contributor", _("填报人")
    LIAISON = "liaison", _("联络人")
    CIO = "cio", _("首席信息官")
    SUPERVISOR = "supervisor", _("监管人员")
    LEAD_SUPERVISOR = "lead_supervisor", _("监管负责人")


INSIDE = (Addressee.CONTRIBUTOR, Addressee.LIAISON, Addressee.CIO)
SUPERVISING = (Addressee.SUPERVISOR, Addressee.LEAD_SUPERVISOR)
