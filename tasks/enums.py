"""The states of an assignment and the moves between them."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from portal.accounts.enums import Permission
from portal.gate import Move


class AssignmentState(TextChoices):
    NOT_STARTED = "not_started", _("未开始")
    IN_PROGRESS = "in_progress", _("进行中")
    AWAITING_SIGNATURE = "awaiting_signature", _("待签署")
    SUBMITTED = "submitted", _("已报送")
    RETURNED = "returned", _("已退回")
    ACCEPTED = "accepted", _("已验收")
    NOT_APPLICABLE = "not_applicable", _("不适用")


S = AssignmentState

# What the institution may still work on, and what is over and can no longer be overdue.
EDITABLE = (S.NOT_STARTED, S.IN_PROGRESS, S.RETURNED)
CLOSED = (S.ACCEPTED, S.NOT_APPLICABLE)
# Where work waits for the next person, for days rather than months.
PASSING = (S.AWAITING_SIGNATURE, S.SUBMITTED, S.RETURNED)
# Accepted work takes further files: later self-assessments and rectifications prove with them.
TAKES_FILES = (*EDITABLE, S.ACCEPTED)

TRANSITIONS = {
    "start": Move(frozenset({S.NOT_STARTED, S.RETURNED}), S.IN_PROGRESS, "started_at"),
    "hand_in": Move(frozenset({S.IN_PROGRESS}), S.AWAITING_SIGNATURE, "handed_in_at"),
    "send_back": Move(frozenset({S.AWAITING_SIGNATURE}), S.IN_PROGRESS, "sent_back_at"),
    "sign": Move(frozenset({S.AWAITING_SIGNATURE}), S.SUBMITTED, "submitted_at"),
    "accept": Move(frozenset({S.SUBMITTED}), S.ACCEPTED, "accepted_at"),
    "return": Move(frozenset({S.SUBMITTED}), S.RETURNED, "returned_at"),
    "withdraw": Move(frozenset({S.SUBMITTED}), S.IN_PROGRESS, "withdrawn_at"),
    "exempt": Move(frozenset({S.NOT_STARTED, S.IN_PROGRESS, S.RETURNED}), S.NOT_APPLICABLE, "exempted_at"),
}


class RequestKind(TextChoices):
    EXTENSION = "extension", _("延期")
    NOT_APPLICABLE = "not_applicable", _("不适用")


# A decision needs the role that would make it unasked.
DECIDED_WITH = {
    RequestKind.EXTENSION: Permission.GRANT_EXTENSIONS,
    RequestKind.NOT_APPLICABLE: Permission.REVIEW,
}


class RequestState(TextChoices):
    PENDING = "pending", _("待审批")
    GRANTED = "granted", _("已同意")
    DECLINED = "declined", _("未同意")
    WITHDRAWN = "withdrawn", _("已撤回")


R = RequestState

REQUEST_TRANSITIONS = {
    "grant": Move(frozenset({R.PENDING}), R.GRANTED, "decided_at"),
    "decline": Move(frozenset({R.PENDING}), R.DECLINED, "decided_at"),
    "withdraw": Move(frozenset({R.PENDING}), R.WITHDRAWN, "withdrawn_at"),
}


class BulkExtensionState(TextChoices):
    QUEUED = "queued", _("排队中")
    EXTENDING = "extending", _("延期中")
    EXTENDED = "extended", _("已延期")
    NOT_EXTENDED = "not_extended", _("未延期")
    UNDO_QUEUED = "undo_queued", _("等待撤销")
    UNDOING = "undoing", _("撤销中")
    UNDONE = "undone", _("已撤销")


B = BulkExtensionState

# A decision is carried out by a worker, and so is its undoing.
EXTENDING_TRANSITIONS = {
    "take": Move(frozenset({B.QUEUED, B.EXTENDING}), B.EXTENDING, "heartbeat_at"),
    "put_back": Move(frozenset({B.EXTENDING}), B.QUEUED, "heartbeat_at"),
    "extend": Move(frozenset({B.EXTENDING}), B.EXTENDED, "extended_at"),
    "fail": Move(frozenset({B.QUEUED, B.EXTENDING}), B.NOT_EXTENDED, "refused_at"),
}
UNDOING_TRANSITIONS = {
    "ask_undo": Move(frozenset({B.EXTENDED}), B.UNDO_QUEUED, "heartbeat_at"),
    "take": Move(frozenset({B.UNDO_QUEUED, B.UNDOING}), B.UNDOING, "heartbeat_at"),
    "put_back": Move(frozenset({B.UNDOING}), B.UNDO_QUEUED, "heartbeat_at"),
    "undo": Move(frozenset({B.UNDOING}), B.UNDONE, "undone_at"),
    "fail": Move(frozenset({B.UNDO_QUEUED, B.UNDOING}), B.EXTENDED, "refused_at"),
}


class ExtensionStep(TextChoices):
    """What a worker is at, in this order."""

    QUEUED = "queued", _("等待办理")
    CHECKING = "checking", _("核对任务")
    MOVING = "moving", _("变更期限")
    TELLING = "telling", _("通知机构")


class ExtensionRefusal(TextChoices):
    """Why deadlines were not moved, or not moved back."""

    NOT_AS_SEEN = "not_as_seen", _("将要延期的任务与确认时看到的不同，可能有任务刚被验收、延期或申请延期。")
    NOT_ALLOWED = "not_allowed", _("办理时，确认人已没有相应权限。")
    NOTHING_LEFT = "nothing_left", _("其中的任务都已有新的进展，没有可以恢复的期限。")
    ERROR = "error", _("办理过程中出错，已多次自动重试。")


class AccessKind(TextChoices):
    VIEWED = "viewed", _("查看")
    DOWNLOADED = "downloaded", _("下载")
