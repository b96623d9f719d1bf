"""证明材料: the files that institutions signed, the latest first."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from portal.accounts.enums import ListPage
from reports.enums import Subject
from reports.explorer.filters import EvidenceFilter
from reports.explorer.institution_columns import CREDIT_CODE, KIND, REGION
from reports.explorer.subjects import Column, Listed
from tasks.models import Evidence


def _standing(row: Any) -> str:
    if row.withdrawn_at:
        return _now("已撤回")
    return _now("已替换") if row.superseded_at else _now("现行")


COLUMNS = (
    Column(
        "name",
        _("文件名"),
        lambda row: row.original_name,
        width=40,
        template="reports/explorer/_file.html",
        css="main",
    ),
    Column(
        "institution",
        _("机构名称"),
        lambda row: row.institution.local_name,
        width=32,
        css="wide",
        joins=("institution",),
    ),
    KIND,
    REGION,
    CREDIT_CODE,
    Column("reference", _("要求编号"), lambda row: row.requirement.reference, width=10, css="short"),
    Column(
        "requirement",
        _("要求"),
        lambda row: row.requirement.local_text,
        width=50,
        css="wide",
        is_shown=False,
    ),
    Column("task", _("任务"), lambda row: row.requirement.task.local_title, width=40, css="wide", is_shown=False),
    Column("version", _("版本"), lambda row: row.version, width=8, css="num", is_shown=False),
    Column("standing", _("版本状态"), _standing, width=10, css="short"),
    Column("type", _("类型"), lambda row: str(row.type_label), width=16, css="short", is_shown=False),
    Column("size", _("大小（字节）"), lambda row: row.size, width=14, css="num", is_shown=False),
    Column("uploaded_at", _("上传时间"), lambda row: row.uploaded_at, width=18, css="short"),
    Column("expires_on", _("有效期至"), lambda row: row.stored.expires_on, width=12, css="short", is_shown=False),
    Column("sha256", "SHA-256", lambda row: row.sha256, width=66, css="wide", is_shown=False),
)

EVIDENCE = Listed(
    subject=Subject.EVIDENCE,
    page=ListPage.EVIDENCE,
    purpose=_("监管范围内各机构已签署报送的证明材料，最近上传的在前；未签署的不在此显示。"),
    nothing=_("没有符合条件的证明材料。"),
    rows=lambda reader: Evidence.objects.visible_to(reader.user, acting=reader.membership),
    filterset=EvidenceFilter,
    columns=COLUMNS,
    orders={"uploaded_at": ("uploaded_at", "pk")},
    order="-uploaded_at",
    label_of=lambda row: row.original_name,
    joins=("requirement__task", "stored"),
)
