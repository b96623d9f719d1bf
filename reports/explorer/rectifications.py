"""整改: what supervisors want put right."""

from __future__ import annotations

from dataclasses import replace

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assessments.models import Rectification
from portal.accounts.enums import ListPage
from reports.enums import Subject
from reports.explorer.filters import ScopeRectificationFilter
from reports.explorer.institution_columns import CREDIT_CODE, KIND, REGION
from reports.explorer.subjects import Column, Listed

COLUMNS = (
    Column(
        "state",
        _("状态"),
        lambda row: row.get_state_display(),
        width=10,
        template="assessments/_rectification_marks.html",
        css="marks",
    ),
    Column(
        "title",
        _("整改事项"),
        lambda row: row.title,
        width=50,
        template="reports/explorer/_rectification.html",
        css="main",
        joins=("requirement__task",),
    ),
    Column(
        "reference",
        _("要求编号"),
        lambda row: row.requirement.reference if row.requirement else "",
        width=10,
        css="short",
        is_shown=False,
        joins=("requirement__task",),
    ),
    Column(
        "institution",
        _("机构名称"),
        lambda row: row.institution.local_name,
        width=32,
        css="wide",
        joins=("institution",),
    ),
    replace(KIND, is_shown=False),
    REGION,
    CREDIT_CODE,
    Column(
        "opened_for", _("提出单位"), lambda row: row.authority.local_name, width=26, css="wide", joins=("authority",)
    ),
    Column("opened_at", _("提出时间"), lambda row: row.opened_at, width=18, css="short", is_shown=False),
    Column("answered_at", _("答复时间"), lambda row: row.answered_at, width=18, css="short", is_shown=False),
    Column("closed_at", _("办结时间"), lambda row: row.closed_at, width=18, css="short", is_shown=False),
    Column(
        "deadline",
        _("整改期限"),
        lambda row: row.deadline,
        width=12,
        template="assessments/_rectification_deadline.html",
        css="when",
    ),
    Column(
        "days_late",
        _("逾期天数"),
        lambda row: (timezone.localdate() - row.deadline).days if row.is_overdue else 0,
        width=10,
        css="num",
        is_shown=False,
    ),
)

RECTIFICATIONS = Listed(
    subject=Subject.RECTIFICATIONS,
    page=ListPage.RECTIFICATIONS,
    purpose=_("监管范围内各机构的整改事项，含其他监管单位提出的。"),
    nothing=_("没有符合条件的整改事项。"),
    rows=lambda reader: Rectification.objects.visible_to(reader.user, reader.membership),
    filterset=ScopeRectificationFilter,
    columns=COLUMNS,
    orders={"deadline": ("deadline", "pk")},
    order="deadline",
    label_of=lambda row: row.title,
)
