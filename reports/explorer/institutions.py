"""机构: the institutions in scope, with how they stand."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from assessments.models import Score
from assessments.scores import rounded
from portal.accounts.enums import ListPage, Permission
from portal.accounts.models import Institution
from reports.enums import Subject
from reports.explorer.filters import InstitutionFilter
from reports.explorer.subjects import Bulk, Column, Listed
from tasks.enums import AssignmentState
from tasks.models import Assignment
from tasks.querysets import AssignmentQuerySet


def _counted(rows: QuerySet, name: str, of: AssignmentQuerySet) -> QuerySet:
    """Annotate how many assignments of each institution there are among these."""
    counted = of.filter(institution=OuterRef("pk")).order_by().values("institution").annotate(n=Count("pk"))
    return rows.annotate(**{name: Coalesce(Subquery(counted.values("n"), output_field=IntegerField()), 0)})


def with_total(rows: QuerySet) -> QuerySet:
    return _counted(rows, "total", Assignment.objects.exclude(state=AssignmentState.NOT_APPLICABLE))


def with_accepted(rows: QuerySet) -> QuerySet:
    return _counted(rows, "accepted", Assignment.objects.filter(state=AssignmentState.ACCEPTED))


def with_overdue(rows: QuerySet) -> QuerySet:
    return _counted(rows, "overdue", Assignment.objects.overdue())


def with_score(rows: QuerySet) -> QuerySet:
    scores = Score.objects.last_accepted().filter(self_assessment__institution=OuterRef("pk"))
    return rows.annotate(score=Subquery(scores.values("value")[:1]))


def _score(row: Any) -> Any:
    return None if row.score is None else rounded(row.score)


COLUMNS = (
    Column(
        "name",
        _("机构名称"),
        lambda row: row.local_name,
        width=32,
        template="reports/explorer/_institution_name.html",
        css="main",
    ),
    Column("kind", _("机构类别"), lambda row: row.get_kind_display(), css="short"),
    Column("region", _("地区"), lambda row: row.region.local_name, width=10, css="short", joins=("region",)),
    Column("credit_code", _("统一社会信用代码"), lambda row: row.credit_code, width=22, css="short"),
    Column("short_name", _("简称"), lambda row: row.short_name, width=16, css="short", is_shown=False),
    Column(
        "total",
        _("适用任务"),
        lambda row: row.total,
        width=10,
        template="reports/explorer/_total.html",
        css="num",
        needs=with_total,
    ),
    Column("accepted", _("已验收"), lambda row: row.accepted, width=10, css="num", needs=with_accepted),
    Column(
        "overdue",
        _("已逾期"),
        lambda row: row.overdue,
        width=10,
        template="reports/explorer/_overdue.html",
        css="num",
        needs=with_overdue,
    ),
    Column("score", _("最近得分"), _score, width=10, css="num", needs=with_score),
)

INSTITUTIONS = Listed(
    subject=Subject.INSTITUTIONS,
    page=ListPage.INSTITUTIONS,
    purpose=_("监管范围内的全部机构；最近得分取最近一次验收的自评。"),
    nothing=_("没有符合条件的机构。"),
    rows=lambda reader: Institution.objects.visible_to(reader.user, reader.membership),
    filterset=InstitutionFilter,
    columns=COLUMNS,
    orders={"name": ("name", "pk"), "credit_code": ("credit_code",)},
    order="name",
    label_of=lambda row: row.local_name,
    links="reports/explorer/_institution_links.html",
    ticked="institutions",
    row_name="institutions",
    bulk=(Bulk(_("催办所选"), "bell-ringing", "tasks:urge", Permission.URGE),),
)
