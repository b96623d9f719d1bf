"""任务落实: each task of each institution."""

from __future__ import annotations

from dataclasses import replace

from django.utils.translation import gettext_lazy as _

from portal.accounts.enums import ListPage, Permission
from reports.enums import Subject
from reports.explorer.assignment_filters import DatedAssignmentFilter
from reports.explorer.institution_columns import CREDIT_CODE, KIND, REGION
from reports.explorer.past import in_the_past
from reports.explorer.subjects import Bulk, Column, Listed
from tasks.models import Assignment

COLUMNS = (
    Column(
        "state",
        _("状态"),
        lambda row: row.get_state_display(),
        width=10,
        template="reports/explorer/_state.html",
        css="marks",
    ),
    Column(
        "institution",
        _("机构名称"),
        lambda row: row.institution.local_name,
        width=32,
        template="reports/explorer/_institution.html",
        css="main",
        joins=("institution",),
    ),
    Column("number", _("任务编号"), lambda row: row.task.number, width=10, css="num", is_shown=False, joins=("task",)),
    Column(
        "task",
        _("任务"),
        lambda row: row.task.local_title,
        width=40,
        template="reports/explorer/_task.html",
        css="wide",
        joins=("task",),
    ),
    Column(
        "theme",
        _("主题"),
        lambda row: row.task.theme.local_title,
        width=24,
        css="wide",
        is_shown=False,
        joins=("task__theme",),
    ),
    Column(
        "plan",
        _("计划"),
        lambda row: row.task.plan.local_title,
        width=40,
        css="wide",
        is_shown=False,
        joins=("task__plan",),
    ),
    Column("part", _("分工"), lambda row: row.get_part_display(), width=10, css="short", is_shown=False),
    KIND,
    REGION,
    CREDIT_CODE,
    Column(
        "deadline",
        _("完成期限"),
        lambda row: row.deadline,
        width=12,
        template="reports/explorer/_deadline.html",
        css="when",
    ),
    Column(
        "days_late",
        _("逾期天数"),
        lambda row: row.days_late if row.is_overdue else 0,
        width=10,
        css="num",
        is_shown=False,
    ),
    Column("submitted_at", _("报送时间"), lambda row: row.submitted_at, width=18, css="short", is_shown=False),
    Column("returned_at", _("退回时间"), lambda row: row.returned_at, width=18, css="short", is_shown=False),
    Column("accepted_at", _("验收时间"), lambda row: row.accepted_at, width=18, css="short", is_shown=False),
)

TODAY = Listed(
    subject=Subject.ASSIGNMENTS,
    page=ListPage.ASSIGNMENTS,
    purpose=_("监管范围内各机构的任务；签署报送前的内容不在此显示。"),
    nothing=_("没有符合条件的任务。"),
    rows=lambda reader: Assignment.objects.visible_to(reader.user, acting=reader.membership),
    filterset=DatedAssignmentFilter,
    columns=COLUMNS,
    orders={"deadline": ("deadline", "pk"), "task": ("task_id", "deadline", "pk")},
    order="deadline",
    label_of=lambda row: f"{row.institution.local_name} {row.task.number}",
    links="reports/explorer/_assignment_links.html",
    joins=("institution", "task"),
    is_counted_first=True,
    ticked="assignments",
    row_name="assignment",
    bulk=(
        Bulk(_("催办所选"), "bell-ringing", "tasks:urge", Permission.URGE, label_all=_("催办全部筛选结果")),
        Bulk(
            _("延期所选"),
            "calendar-plus",
            "tasks:extend",
            Permission.GRANT_EXTENSIONS,
            label_all=_("延期全部筛选结果"),
        ),
    ),
)

PAST = in_the_past(TODAY)
ASSIGNMENTS = replace(TODAY, then=lambda _day: PAST)
