"""机构: the institutions in scope, with how they stand, or stood at the end of a past day."""

from __future__ import annotations

import datetime
from dataclasses import replace
from functools import partial
from typing import Any

from django.db.models import (
    Count,
    DecimalField,
    FloatField,
    IntegerField,
    OuterRef,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Cast, Coalesce, NullIf
from django.utils.translation import gettext_lazy as _

from assessments.models import Score
from assessments.scores import rounded
from portal.accounts.enums import ListPage, Permission
from portal.accounts.models import Institution
from portal.days import end_of
from reports.enums import Subject
from reports.explorer.filters import InstitutionFilter, PastInstitutionFilter
from reports.explorer.standing import of_each
from reports.explorer.subjects import Bulk, Column, Listed
from reports.progress import percent
from tasks.enums import AssignmentState
from tasks.querysets import StandingQuerySet

Day = datetime.date | None
NOTHING = -1  # where there is no share or score: before all that there are, where rows are sorted by it


def _counted(rows: QuerySet, name: str, of: StandingQuerySet) -> QuerySet:
    """Annotate how many assignments of each institution there are among these."""
    institution = f"{of.path}institution"
    counted = of.values(institution).annotate(n=Count("pk")).values("n")
    return rows.annotate(**{name: Coalesce(Subquery(counted, output_field=IntegerField()), 0)})


def with_total(rows: QuerySet, day: Day) -> QuerySet:
    return _counted(rows, "total", of_each(day).applicable())


def with_accepted(rows: QuerySet, day: Day) -> QuerySet:
    return _counted(rows, "accepted", of_each(day).in_state(AssignmentState.ACCEPTED))


def with_share(rows: QuerySet, day: Day) -> QuerySet:
    whole = NullIf(Cast("total", FloatField()), Value(0.0))
    share = Coalesce(Cast("accepted", FloatField()) * 100.0 / whole, Value(float(NOTHING)))
    return with_accepted(with_total(rows, day), day).annotate(share=share)


def with_overdue(rows: QuerySet, day: Day) -> QuerySet:
    return _counted(rows, "overdue", of_each(day).overdue(day))


def with_score(rows: QuerySet, day: Day) -> QuerySet:
    scores = Score.objects.last_accepted(day and end_of(day)).filter(self_assessment__institution=OuterRef("pk"))
    rows = rows.annotate(score=Subquery(scores.values("value")[:1]))
    return rows.annotate(score_order=Coalesce("score", Value(NOTHING, DecimalField()))) if day else rows


def _score(row: Any) -> Any:
    return None if row.score is None else rounded(row.score)


def _columns(day: Day) -> tuple[Column, ...]:
    return (
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
            needs=partial(with_total, day=day),
        ),
        Column(
            "accepted",
            _("已验收"),
            lambda row: row.accepted,
            width=10,
            css="num",
            needs=partial(with_accepted, day=day),
        ),
        Column(
            "share",
            _("验收率（%）"),
            lambda row: percent(row.accepted, row.total),
            width=10,
            css="num",
            is_shown=False,
            needs=partial(with_share, day=day),
        ),
        Column(
            "overdue",
            _("已逾期"),
            lambda row: row.overdue,
            width=10,
            template="reports/explorer/_overdue.html",
            css="num",
            needs=partial(with_overdue, day=day),
        ),
        Column("score", _("最近得分"), _score, width=10, css="num", needs=partial(with_score, day=day)),
    )


def _as_known(row: Any, day: Day) -> Any:
    """The links in the row lead to what was known on the same day."""
    row.known_on = day
    return row


def as_at(day: datetime.date) -> Listed:
    """With nothing to be done from it; sorted by figures, too, which no index has at hand whatever the day."""
    figures = {name: (name, "pk") for name in ("total", "accepted", "share", "overdue")}
    return replace(
        TODAY,
        filterset=PastInstitutionFilter,
        columns=_columns(day),
        orders={**TODAY.orders, **figures, "score": ("score_order", "pk")},
        shown=_as_known,
        bulk=(),
    )


TODAY = Listed(
    subject=Subject.INSTITUTIONS,
    page=ListPage.INSTITUTIONS,
    purpose=_("监管范围内的全部机构；最近得分取最近一次验收的自评。"),
    nothing=_("没有符合条件的机构。"),
    rows=lambda reader: Institution.objects.visible_to(reader.user, reader.membership),
    filterset=InstitutionFilter,
    columns=_columns(None),
    orders={"name": ("name", "pk"), "credit_code": ("credit_code",)},
    order="name",
    label_of=lambda row: row.local_name,
    links="reports/explorer/_institution_links.html",
    ticked="institutions",
    row_name="institutions",
    bulk=(Bulk(_("催办所选"), "bell-ringing", "tasks:urge", Permission.URGE),),
    shown=_as_known,
)

INSTITUTIONS = replace(TODAY, then=as_at)
