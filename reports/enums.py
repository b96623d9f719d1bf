"""Kinds and states of a report, and the steps its page shows while it is made."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from portal.gate import Move


class ReportKind(TextChoices):
    STATUS = "status", _("任务落实情况报告")
    SUPERVISORY = "supervisory", _("监管进展报告")
    ASSESSMENT = "assessment", _("自评报告")
    TASK = "task", _("任务专题报告")
    BATCH = "batch", _("报告合集")
    EVIDENCE_PACKAGE = "evidence_package", _("报送材料包")
    LEDGER = "ledger", _("报送台账")
    PROOF = "proof", _("送达记录")
    EXPORT = "export", _("查询结果")


class Subject(TextChoices):
    """What a supervising body looks for; the values are part of addresses."""

    INSTITUTIONS = "institutions", _("机构")
    ASSIGNMENTS = "assignments", _("任务落实")
    REQUIREMENTS = "requirements", pgettext_lazy("subject", "要求")
    EVIDENCE = "evidence", _("证明材料")
    RECTIFICATIONS = "rectifications", pgettext_lazy("subject", "整改")


class SheetFormat(TextChoices):
    XLSX = "xlsx", _("Excel 表格")
    CSV = "csv", _("CSV 文件")


class ReportState(TextChoices):
    COLLECTING = "collecting", _("逐份生成中")  # a batch whose members are being made
    QUEUED = "queued", _("排队中")
    RENDERING = "rendering", _("生成中")
    DONE = "done", _("已完成")
    FAILED = "failed", _("失败")
    CANCELLED = "cancelled", _("已取消")


class ReportStep(TextChoices):
    QUEUED = "queued", _("等待生成")
    FIGURES = "figures", _("汇总数据")
    LAYOUT = "layout", _("排版")
    MEMBERS = "members", _("逐份生成报告")
    PACKING = "packing", _("核对并打包材料")
    WRITING = "writing", _("逐行写入文件")
    STORED = "stored", _("保存文件")


PDF_STEPS = (ReportStep.QUEUED, ReportStep.FIGURES, ReportStep.LAYOUT, ReportStep.STORED)
# What is done for each kind, in this order.
STEPS = {
    ReportKind.STATUS: PDF_STEPS,
    ReportKind.SUPERVISORY: PDF_STEPS,
    ReportKind.ASSESSMENT: PDF_STEPS,
    ReportKind.TASK: PDF_STEPS,
    ReportKind.BATCH: (ReportStep.MEMBERS, ReportStep.PACKING, ReportStep.STORED),
    ReportKind.EVIDENCE_PACKAGE: (ReportStep.QUEUED, ReportStep.FIGURES, ReportStep.PACKING, ReportStep.STORED),
    ReportKind.LEDGER: (ReportStep.QUEUED, ReportStep.FIGURES, ReportStep.STORED),
    ReportKind.PROOF: (ReportStep.QUEUED, ReportStep.FIGURES, ReportStep.STORED),
    ReportKind.EXPORT: (ReportStep.QUEUED, ReportStep.WRITING, ReportStep.STORED),
}


S = ReportState
OVER = (S.DONE, S.FAILED, S.CANCELLED)

TRANSITIONS = {
    "take": Move(frozenset({S.QUEUED, S.RENDERING}), S.RENDERING, "heartbeat_at"),
    "put_back": Move(frozenset({S.RENDERING}), S.QUEUED, "heartbeat_at"),
    "finish": Move(frozenset({S.RENDERING}), S.DONE, "finished_at"),
    "fail": Move(frozenset({S.QUEUED, S.RENDERING}), S.FAILED, "finished_at"),
    "cancel": Move(frozenset({S.COLLECTING, S.QUEUED, S.RENDERING}), S.CANCELLED, "finished_at"),
    "retry": Move(frozenset({S.FAILED, S.CANCELLED}), S.QUEUED, "heartbeat_at"),
    # A batch: all its members are over, so it can be packed; some are to be made once more, or it is to be packed anew.
    "ready": Move(frozenset({S.COLLECTING}), S.QUEUED, "heartbeat_at"),
    "reopen": Move(frozenset({S.QUEUED, *OVER}), S.COLLECTING, "heartbeat_at"),
}
