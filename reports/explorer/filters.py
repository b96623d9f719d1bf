"""What the subjects are narrowed by that assignments have no filters of their own for."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import django_filters as filters
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from assessments.enums import RectificationState, SelfAssessmentState, Verdict
from assessments.models import Answer, Cycle, Rectification, Remark, Score, SelfAssessment
from assessments.querysets import RectificationQuerySet
from plan.enums import MATURITY_LEVELS
from plan.models import Plan, Requirement
from portal.accounts.filters import ScopeFilter
from portal.accounts.models import Institution
from portal.accounts.querysets import named_like
from portal.days import end_of
from portal.filters import LocalChoiceFilter
from portal.widgets import CheckMenu
from reports.explorer.standing import of_each
from tasks.enums import AssignmentState
from tasks.filters import (
    YES,
    ByFacts,
    DaysLateFilter,
    OfPlansFilter,
    ScopeAssignmentFilter,
    task_choices,
    theme_choices,
)
from tasks.models import Evidence
from tasks.past import AsAtForm

ALL = _("全部")
SIGNED = [
    (state.value, state.label)
    for state in (
        SelfAssessmentState.SUBMITTED,
        SelfAssessmentState.ACCEPTED,
        SelfAssessmentState.RETURNED,
        SelfAssessmentState.WITHDRAWN,
    )
]
RESULTS = [
    *((str(level), format_lazy(_("成熟度 {level} 级"), level=level)) for level in MATURITY_LEVELS),
    ("yes", _("到位（是）")),
    ("no", _("未到位（否）")),
]
STANDINGS = [("current", _("现行")), ("superseded", _("已替换")), ("withdrawn", _("已撤回"))]


class InstitutionFilter(ScopeAssignmentFilter):
    """Institutions by themselves, by one assignment that is all that is asked for, and by their last score."""

    institution_path = ""
    order = (
        *("q", "kind", "region", "authority", "plan", "theme", "task", "state", "overdue", "late"),
        *("score_min", "score_max", "at"),
    )
    of_assignments = ("plan", "theme", "task", "state", "overdue", "late")

    q = filters.CharFilter(label=_("名称或信用代码"), method="with_name", max_length=100)
    state = filters.MultipleChoiceFilter(
        label=_("任务状态"), choices=AssignmentState.choices, widget=CheckMenu, method="in_state"
    )
    overdue = filters.ChoiceFilter(label=_("有逾期任务"), choices=YES, method="only_overdue", empty_label=_("不限"))
    score_min = filters.NumberFilter(label=_("最近得分不低于"), method="scored", min_value=0, max_value=5)
    score_max = filters.NumberFilter(label=_("最近得分不高于"), method="scored", min_value=0, max_value=5)

    class Meta:
        model = Institution
        fields: list[str] = []
        form = AsAtForm

    @property
    def past_day(self) -> datetime.date | None:
        """The day at whose end assignments and scores are asked for; None is now."""
        return None

    def with_name(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        return rows.filter(named_like(value))

    def scored(self, rows: QuerySet, name: str, value: Decimal) -> QuerySet:
        """Both ends at once, below: one score lies between them."""
        return rows

    def filter_queryset(self, rows: QuerySet) -> QuerySet:
        assignments = of_each(self.past_day)
        wanted = {name: value for name, value in self.form.cleaned_data.items() if value not in (None, "", [])}
        for name, value in wanted.items():
            if name in self.of_assignments:
                assignments = self.filters[name].filter(assignments, value)
            else:
                rows = self.filters[name].filter(rows, value)
        if wanted.keys() & set(self.of_assignments):
            rows = rows.filter(Exists(assignments))
        lowest, highest = wanted.get("score_min"), wanted.get("score_max")
        if lowest is None and highest is None:
            return rows
        scores = Score.objects.last_accepted(self.past_day and end_of(self.past_day)).filter(value__gte=lowest or 0)
        if highest is not None:
            scores = scores.filter(value__lte=highest)
        return rows.filter(Exists(scores.filter(self_assessment__institution=OuterRef("pk"))))


class PastInstitutionFilter(ByFacts, InstitutionFilter):
    """The same, as assignments and scores were at the end of a past day."""

    @property
    def past_day(self) -> datetime.date:
        return self.day


class RequirementFilter(ScopeFilter):
    """Answers of one cycle: the newest in which the reader sees any, until another is chosen."""

    institution_path = "self_assessment__institution"
    order = ("cycle", "theme", "task", "result", "verdict", "state", "kind", "region", "institution", "authority")

    cycle = LocalChoiceFilter(
        label=_("自评周期"), field_name="self_assessment__cycle", queryset=Cycle.objects.all(), empty_label=None
    )
    theme = filters.ChoiceFilter(label=_("主题"), choices=theme_choices, method="asked_in", empty_label=ALL)
    task = filters.ChoiceFilter(label=_("任务"), choices=task_choices, method="asked_in", empty_label=ALL)
    result = filters.MultipleChoiceFilter(label=_("自评结果"), choices=RESULTS, widget=CheckMenu, method="answered")
    verdict = filters.ChoiceFilter(label=_("审核结论"), choices=Verdict.choices, method="judged", empty_label=ALL)
    state = filters.MultipleChoiceFilter(label=_("自评状态"), choices=SIGNED, widget=CheckMenu, method="in_state")

    class Meta:
        model = Answer
        fields: list[str] = []

    def __init__(self, data: QueryDict, *args: Any, request: Any, **kwargs: Any) -> None:
        if not data.get("cycle"):
            data = data.copy()
            data["cycle"] = str(getattr(_newest(request), "pk", ""))
        super().__init__(data, *args, request=request, **kwargs)

    def filter_queryset(self, rows: QuerySet) -> QuerySet:
        if self.form.cleaned_data.get("cycle") is None:
            return rows.none()
        return super().filter_queryset(rows)

    def asked_in(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        """By the requirements' own keys, by which an index has the rows in order."""
        path = {"theme": "task__theme__number", "task": "task__number"}[name]
        plan = self.form.cleaned_data["cycle"].plan_id
        asked = Requirement.objects.filter(**{path: value}, task__plan=plan).order_by()
        return rows.filter(requirement__in=list(asked.values_list("pk", flat=True)))

    def answered(self, rows: QuerySet, name: str, value: list[str]) -> QuerySet:
        wanted = Q(level__in=[int(one) for one in value if one.isdigit()])
        if "yes" in value:
            wanted |= Q(in_place=True)
        if "no" in value:
            wanted |= Q(in_place=False)
        return rows.filter(wanted)

    def judged(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        """An accepted self-assessment is accepted in every requirement; of a returned one, its remarks say which."""
        if value == Verdict.ACCEPTED:
            return rows.filter(self_assessment__state=SelfAssessmentState.ACCEPTED)
        remarks = Remark.objects.filter(
            review__self_assessment=OuterRef("self_assessment"),
            requirement=OuterRef("requirement"),
            verdict=Verdict.RETURNED,
        )
        return rows.filter(Exists(remarks), self_assessment__state=SelfAssessmentState.RETURNED)

    def in_state(self, rows: QuerySet, name: str, value: list[str]) -> QuerySet:
        return rows.filter(self_assessment__state__in=value)


def _newest(reader: Any) -> Cycle | None:
    signed = SelfAssessment.objects.visible_to(reader.user, reader.membership).filter(cycle=OuterRef("pk"))
    return Cycle.objects.visible_to(reader.user).filter(Exists(signed)).first()


class EvidenceFilter(ScopeFilter, OfPlansFilter):
    order = ("plan", "theme", "task", "standing", "kind", "region", "institution", "authority")

    plan = LocalChoiceFilter(
        label=_("计划"), queryset=Plan.objects.all(), to_field_name="slug", empty_label=ALL, method="proving"
    )
    theme = filters.ChoiceFilter(label=_("主题"), choices=theme_choices, method="proving", empty_label=ALL)
    task = filters.ChoiceFilter(label=_("任务"), choices=task_choices, method="proving", empty_label=ALL)
    standing = filters.MultipleChoiceFilter(
        label=_("版本状态"), choices=STANDINGS, widget=CheckMenu, method="standing_as"
    )

    class Meta:
        model = Evidence
        fields: list[str] = []

    def proving(self, rows: QuerySet, name: str, value: Any) -> QuerySet:
        """For a requirement of what is chosen."""
        return rows.filter(requirement__in=list(_requirements(name, value).values_list("pk", flat=True)))

    def standing_as(self, rows: QuerySet, name: str, value: list[str]) -> QuerySet:
        conditions = {
            "current": Q(superseded_at=None, withdrawn_at=None),
            "superseded": Q(superseded_at__isnull=False),
            "withdrawn": Q(withdrawn_at__isnull=False),
        }
        wanted = Q()
        for one in value:
            wanted |= conditions[one]
        return rows.filter(wanted)


class ScopeRectificationFilter(ScopeFilter, OfPlansFilter):
    order = ("plan", "theme", "task", "state", "overdue", "late", "kind", "region", "institution", "authority")

    plan = LocalChoiceFilter(
        label=_("计划"), queryset=Plan.objects.all(), to_field_name="slug", empty_label=ALL, method="about"
    )
    theme = filters.ChoiceFilter(label=_("主题"), choices=theme_choices, method="about", empty_label=ALL)
    task = filters.ChoiceFilter(label=_("任务"), choices=task_choices, method="about", empty_label=ALL)
    state = filters.MultipleChoiceFilter(
        label=_("状态"), choices=RectificationState.choices, widget=CheckMenu, method="in_state"
    )
    overdue = filters.ChoiceFilter(label=_("已逾期"), choices=YES, method="only_overdue", empty_label=_("不限"))
    late = DaysLateFilter(method="later_than")

    class Meta:
        model = Rectification
        fields: list[str] = []

    def about(self, rows: RectificationQuerySet, name: str, value: Any) -> QuerySet:
        if name == "plan":
            return rows.of_plan(value)
        return rows.filter(requirement__in=list(_requirements(name, value).values_list("pk", flat=True)))

    def in_state(self, rows: QuerySet, name: str, value: list[str]) -> QuerySet:
        return rows.filter(state__in=value)

    def only_overdue(self, rows: RectificationQuerySet, name: str, value: str) -> QuerySet:
        return rows.overdue(timezone.localdate())

    def later_than(self, rows: RectificationQuerySet, name: str, value: int) -> QuerySet:
        return rows.overdue(timezone.localdate() - datetime.timedelta(days=value))


def _requirements(name: str, value: Any) -> QuerySet[Requirement]:
    """Those of a plan, or of the themes or tasks of a number."""
    path = {"plan": "task__plan", "theme": "task__theme__number", "task": "task__number"}[name]
    return Requirement.objects.filter(**{path: value}).order_by()
