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
    RECTIFICATION_OPENED = "rectification_opened", _("提出整改")
    RECTIFICATION_ANSWERED = "rectification_answered", _("整改待核验")
    RECTIFICATION_REOPENED = "rectification_reopened", _("继续整改")
    RECTIFICATION_CLOSED = "rectification_closed", _("整改办结")
    RECTIFICATION_DUE = "rectification_due", _("整改期限提醒")
    INVITATION = "invitation", _("邀请")


class Channel(TextChoices):
    EMAIL = "email", _("电子邮件")


class DeliveryState(TextChoices):
    PENDING = "pending", _("待发送")
    SENT = "sent", _("已发送")
    PARKED = "parked", _("发送失败")
