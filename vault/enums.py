"""Where a stored file lies, what its checks said, and the moves between its states."""

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.gate import Move


class Place(TextChoices):
    """Each is a storage of the settings, `evidence-<place>`. Only disk and S3 serve files."""

    INCOMING = "incoming", _("待检区")
    DISK = "disk", _("本地磁盘")
    S3 = "s3", _("对象存储")
    QUARANTINE = "quarantine", _("隔离区")


class FileState(TextChoices):
    RECEIVED = "received", _("待检查")
    CLEAN = "clean", _("检查通过")
    REFUSED = "refused", _("未通过检查")
    QUARANTINED = "quarantined", _("已隔离")
    DELETED = "deleted", _("已删除")


class Finding(TextChoices):
    """Why the checks did not let a file pass."""

    MALWARE = "malware", _("检出恶意代码")
    TYPE = "type", _("内容类型不受支持")
    NESTED = "nested", _("压缩包内含不受支持的文件")
    ENCRYPTED = "encrypted", _("受密码保护，无法检查和阅读")
    DAMAGED = "damaged", _("文件已损坏，无法打开")
    ARCHIVE_LIMITS = "archive_limits", _("压缩包超出限制")
    UNSAFE_NAMES = "unsafe_names", _("压缩包内含不安全的文件名")
    NOT_SCANNABLE = "not_scannable", _("超出扫描上限，无法确认安全")


# What the person who chose the file can do about it.
ADVICE: dict[str, str | Promise] = {
    Finding.MALWARE: _("请在本机查杀病毒，确认文件安全后重新上传。"),
    Finding.TYPE: _("请转换为 PDF、Office 文档或图片后重新上传。"),
    Finding.NESTED: _("请从压缩包中移除该文件后重新上传。"),
    Finding.ENCRYPTED: _("请取消密码后重新上传。"),
    Finding.DAMAGED: _("请在本机打开确认文件完好，再重新上传。"),
    Finding.ARCHIVE_LIMITS: _("请拆分压缩包，或直接上传其中的文件。"),
    Finding.UNSAFE_NAMES: _("请重新打包，文件名中不要含路径。"),
    Finding.NOT_SCANNABLE: _("请拆分文件后重新上传。"),
}


class Flag(TextChoices):
    """What a reader should know before opening a file that passed."""

    MACROS = "macros", _("含宏")
    SCRIPTS = "scripts", _("含脚本")


class Fault(TextChoices):
    """What re-reading the storage found wrong."""

    MISSING = "missing", _("文件缺失")
    CHANGED = "changed", _("内容被改动")


S = FileState

# The states in which an institution has the file: the same content is not stored a second time.
LIVE = (S.RECEIVED, S.CLEAN)
# What the checks are done with: deleted when its retention has ended.
CHECKED = (S.CLEAN, S.REFUSED, S.QUARANTINED)

TRANSITIONS = {
    "clear": Move(frozenset({S.RECEIVED}), S.CLEAN, "checked_at"),
    "refuse": Move(frozenset({S.RECEIVED}), S.REFUSED, "checked_at"),
    "quarantine": Move(frozenset({S.RECEIVED, S.CLEAN}), S.QUARANTINED, "quarantined_at"),
    "delete": Move(frozenset(CHECKED), S.DELETED, "deleted_at"),
}
