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
    INVITATION = "invitation", _("邀请")


class Channel(TextChoices):
    EMAIL = "email", _("电子邮件")


class DeliveryState(TextChoices):
    PENDING = "pending", _("待发送")
    SENT = "sent", _("已发送")
    PARKED = "parked", _("发送失败")
