"""要求: what each institution answered to each requirement when it last signed in a cycle."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, CharField, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from assessments.content import value_of
from assessments.enums import SelfAssessmentState, Verdict
from assessments.models import Answer, Remark
from assessments.signed import answer_in_words
from portal.accounts.enums import ListPage
from reports.enums import Subject
from reports.explorer.filters import RequirementFilter
from reports.explorer.subjects import Column, Listed, Reader

INSTITUTION = "self_assessment__institution"


def _rows(reader: Reader) -> QuerySet:
    rows = Answer.objects.supervised_by(reader.user, acting=reader.membership)
    return rows.defer("self_assessment__content")


def with_verdict(rows: QuerySet) -> QuerySet:
    """What its own remark says, else an acceptance of the whole."""
    remarks = Remark.objects.filter(
        review__self_assessment=OuterRef("self_assessment"), requirement=OuterRef("requirement")
    )
    accepted = When(self_assessment__state=SelfAssessmentState.ACCEPTED, then=Value(Verdict.ACCEPTED.value))
    whole = Case(accepted, default=Value(""), output_field=CharField())
    return rows.annotate(verdict=Coalesce(Subquery(remarks.order_by().values("verdict")[:1]), whole))


def _institution(row: Any) -> Any:
    return row.self_assessment.institution


COLUMNS = (
    Column("reference", _("要求编号"), lambda row: row.requirement.reference, width=10, css="short"),
    Column(
        "requirement",
        _("要求"),
        lambda row: row.requirement.local_text,
        width=50,
        template="reports/explorer/_requirement.html",
        css="main",
    ),
    Column(
        "task",
        _("任务"),
        lambda row: row.requirement.task.local_title,
        width=40,
        css="wide",
        is_shown=False,
    ),
    Column("institution", _("机构名称"), lambda row: _institution(row).local_name, width=32, css="wide"),
    Column("kind", _("机构类别"), lambda row: _institution(row).get_kind_display(), css="short"),
    Column(
        "region",
        _("地区"),
        lambda row: _institution(row).region.local_name,
        width=10,
        css="short",
        joins=(f"{INSTITUTION}__region",),
    ),
    Column(
        "result",
        _("自评结果"),
        lambda row: answer_in_words(value_of(row.requirement, row)),
        width=18,
        css="short",
    ),
    Column("level", _("成熟度"), lambda row: row.level, width=8, css="num", is_shown=False),
    Column("justification", _("说明"), lambda row: row.justification, width=60, css="wide", is_shown=False),
    Column("measure", _("整改措施"), lambda row: row.measure, width=40, css="wide", is_shown=False),
    Column("measure_due_on", _("计划完成日期"), lambda row: row.measure_due_on, width=12, css="short", is_shown=False),
    Column(
        "verdict",
        _("审核结论"),
        lambda row: SelfAssessmentState(row.verdict).label if row.verdict else "",
        width=10,
        template="reports/explorer/_verdict.html",
        css="marks",
        needs=with_verdict,
    ),
    Column(
        "state",
        _("自评状态"),
        lambda row: row.self_assessment.get_state_display(),
        width=10,
        css="short",
        is_shown=False,
    ),
    Column("version", _("版本"), lambda row: row.self_assessment.version, width=8, css="num", is_shown=False),
    Column(
        "signed_at", _("签署时间"), lambda row: row.self_assessment.signed_at, width=18, css="short", is_shown=False
    ),
)

REQUIREMENTS = Listed(
    subject=Subject.REQUIREMENTS,
    page=ListPage.REQUIREMENTS,
    purpose=_("各机构在一个自评周期最近一次签署的自评中，对每项要求的自评结果和审核结论。"),
    nothing=_("没有符合条件的自评结果。"),
    rows=_rows,
    filterset=RequirementFilter,
    columns=COLUMNS,
    orders={"reference": ("requirement_id", "self_assessment_id")},
    order="reference",
    label_of=lambda row: row.requirement.reference,
    joins=("requirement__task", INSTITUTION),
)
