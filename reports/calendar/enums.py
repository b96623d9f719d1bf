"""What stands in a calendar."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class EntryKind(TextChoices):
    """In the order in which a day lists them."""

    MILESTONE = "milestone", _("计划节点")
    ASSIGNMENT = "assignment", _("任务期限")
    SELF_ASSESSMENT = "self_assessment", _("自评周期")
    RECTIFICATION = "rectification", _("整改期限")
    MEASURE = "measure", _("整改措施")
