"""What the lists of this app can be narrowed to. The address of a filtered list says all of it."""

from __future__ import annotations

import datetime
from typing import Any

import django_filters as filters
from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from plan.models import Plan, Task, Theme
from portal.accounts.enums import InstitutionKind
from portal.accounts.filters import ScopeFilter, region_choices
from portal.accounts.models import Institution
from portal.filters import LocalChoiceFilter
from portal.widgets import CheckMenu, SearchSelect
from tasks.enums import PASSING, AccessKind, AssignmentState, RequestKind, RequestState
from tasks.models import Assignment, AssignmentChange, ChangeRequest, Evidence, EvidenceAccess
from tasks.past import AT, AT_LABEL, DAY, NO_DAY, AsAtForm
from tasks.querysets import AssignmentChangeQuerySet, StandingQuerySet
from vault.models import StoredFile

YES = [("1", _("是"))]
REVIEWS = [
    ("pending", _("待审核")),
    ("unanswered", _("退回后未重新报送")),
    ("returned", _("曾被退回")),
    ("accepted", _("已验收")),
]
MOST_DAYS = 3650
PASSED_AFTER = 14  # days


def theme_choices() -> list[tuple[int, str]]:
    """By number, as people quote it; the newest plan names a number that several plans have."""
    themes = Theme.objects.order_by("plan__starts_on", "number")
    return list({theme.number: f"{theme.local_label} {theme.local_title}" for theme in themes}.items())


def task_choices() -> list[tuple[int, str]]:
    tasks = Task.objects.order_by("plan__starts_on", "number")
    return list({task.number: f"{task.number} {task.local_title}" for task in tasks}.items())


class DaysLateFilter(filters.Filter):
    """By whole days past the deadline; from one on it is overdue."""

    field_class = forms.IntegerField

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, min_value=0, max_value=MOST_DAYS, **kwargs)


class OfPlansFilter(filters.FilterSet):
    """Its filter `plan` is offered where there are several plans, and tells their numbers apart."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        if "plan" in self.filters and len(Plan.objects.order_by().values_list("pk")[:2]) < 2:
            self.filters["plan"].extra["widget"] = forms.HiddenInput


class AssignmentFilter(OfPlansFilter):
    """What both lists of assignments have."""

    plan = LocalChoiceFilter(
        label=_("计划"),
        field_name="task__plan",
        queryset=Plan.objects.all(),
        to_field_name="slug",
        empty_label=_("全部"),
    )
    state = filters.MultipleChoiceFilter(
        label=_("状态"), choices=AssignmentState.choices, widget=CheckMenu, method="in_state"
    )
    overdue = filters.ChoiceFilter(label=_("已逾期"), choices=YES, method="only_overdue", empty_label=_("不限"))
    theme = filters.ChoiceFilter(label=_("主题"), choices=theme_choices, method="of_task", empty_label=_("全部"))
    at = filters.DateFilter(label=AT_LABEL, widget=DAY, error_messages=NO_DAY, method="as_it_is")
    # Figures lead to rows by these; here, filtering keeps them.
    late = DaysLateFilter(label=_("逾期超过（天）"), method="later_than", widget=forms.HiddenInput)
    late_max = DaysLateFilter(label=_("逾期不超过（天）"), method="late_at_most", widget=forms.HiddenInput)
    due_by = filters.DateFilter(label=_("完成期限不晚于"), method="only_due_by", widget=forms.HiddenInput)
    applicable = filters.ChoiceFilter(label=_("适用"), choices=YES, method="only_applicable", widget=forms.HiddenInput)

    class Meta:
        model = Assignment
        fields: list[str] = []
        form = AsAtForm

    @property
    def day(self) -> datetime.date:
        """The day of which rows tell, and from which lateness counts."""
        return timezone.localdate()

    def as_it_is(self, rows: QuerySet, name: str, value: datetime.date) -> QuerySet:
        """The day decides which rows are asked."""
        return rows

    def of_task(self, rows: StandingQuerySet, name: str, value: str) -> StandingQuerySet:
        path = {"theme": "theme__number", "task": "number"}[name]
        return rows.of_tasks(Task.objects.filter(**{path: value}))

    def in_state(self, rows: StandingQuerySet, name: str, value: list[str]) -> StandingQuerySet:
        return rows.in_state(*value)

    def only_overdue(self, rows: StandingQuerySet, name: str, value: str) -> StandingQuerySet:
        return rows.overdue(self.day)

    def later_than(self, rows: StandingQuerySet, name: str, value: int) -> StandingQuerySet:
        return rows.overdue(self.day - datetime.timedelta(days=value))

    def late_at_most(self, rows: StandingQuerySet, name: str, value: int) -> StandingQuerySet:
        return rows.overdue(self.day).due_since(self.day - datetime.timedelta(days=value))

    def only_due_by(self, rows: StandingQuerySet, name: str, value: datetime.date) -> StandingQuerySet:
        return rows.due_by(value)

    def only_applicable(self, rows: StandingQuerySet, name: str, value: str) -> StandingQuerySet:
        return rows.applicable()


class ByFacts:
    """Filters assignments by what the facts told of them at the end of the day asked for."""

    @property
    def day(self) -> datetime.date:
        return self.form.cleaned_data[AT]


class OfPastDay(ByFacts):
    """For rows that are changes: of each assignment the last by the day asked for."""

    def filter_queryset(self, rows: AssignmentChangeQuerySet) -> AssignmentChangeQuerySet:
        return super().filter_queryset(rows.last_by(self.day))

    def in_state(self, rows: AssignmentChangeQuerySet, name: str, value: list[str]) -> AssignmentChangeQuerySet:
        found = super().in_state(rows, name, value)
        return found.passing(self.day) if self.is_long_past and set(value) <= set(PASSING) else found

    def unanswered(self, rows: AssignmentChangeQuerySet) -> AssignmentChangeQuerySet:
        found = rows.unanswered()
        return found.passing(self.day) if self.is_long_past else found

    @property
    def is_long_past(self) -> bool:
        """So long that next to nothing that was to pass within days is as it was."""
        return self.day < timezone.localdate() - datetime.timedelta(days=PASSED_AFTER)


class OwnAssignmentFilter(AssignmentFilter):
    q = filters.CharFilter(label=_("关键字"), method="with_text")

    def with_text(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        """In the task's title or number, or the text of one of its requirements."""
        words = Q(title__icontains=value) | Q(title_en__icontains=value)
        words |= Q(requirements__text__icontains=value) | Q(requirements__text_en__icontains=value)
        if value.isascii() and value.isdigit() and len(value) < 5:
            words |= Q(number=int(value))
        return rows.filter(task__in=Task.objects.filter(words))


class PastOwnAssignmentFilter(OfPastDay, OwnAssignmentFilter):
    class Meta(OwnAssignmentFilter.Meta):
        model = AssignmentChange


class ScopeAssignmentFilter(ScopeFilter, AssignmentFilter):
    order = (
        *("plan", "theme", "task", "state", "overdue", "late", "kind", "region", "institution", "authority"),
        *("review", "deadline", "due_by", "applicable", "to_act_on", "late_max"),
    )

    task = filters.ChoiceFilter(label=_("任务"), choices=task_choices, method="of_task", empty_label=_("全部"))
    late = DaysLateFilter(label=_("逾期超过（天）"), method="later_than")
    # The calendar leads to rows by these, too.
    review = filters.ChoiceFilter(
        label=_("审核情况"), choices=REVIEWS, method="in_review", empty_label=_("全部"), widget=forms.HiddenInput
    )
    deadline = filters.DateFilter(label=_("完成期限"), method="only_due_on", widget=forms.HiddenInput)
    to_act_on = filters.ChoiceFilter(
        label=_("待机构办理"), choices=YES, method="only_to_act_on", widget=forms.HiddenInput
    )

    class Meta:
        model = Assignment
        fields: list[str] = []

    def only_due_on(self, rows: StandingQuerySet, name: str, value: datetime.date) -> StandingQuerySet:
        return rows.due_on(value)

    def in_review(self, rows: Any, name: str, value: str) -> StandingQuerySet:
        return {
            "pending": self.in_state(rows, name, [AssignmentState.SUBMITTED]),
            "unanswered": self.unanswered(rows),
            "returned": rows.once_returned(),
            "accepted": self.in_state(rows, name, [AssignmentState.ACCEPTED]),
        }[value]

    def unanswered(self, rows: Any) -> StandingQuerySet:
        return rows.unanswered()

    def only_to_act_on(self, rows: StandingQuerySet, name: str, value: str) -> StandingQuerySet:
        return rows.to_act_on()


class OwnRequestFilter(filters.FilterSet):
    type = filters.ChoiceFilter(
        label=_("申请类型"), field_name="kind", choices=RequestKind.choices, empty_label=_("全部")
    )
    # The tabs over the list choose it; here, filtering keeps what they chose.
    state = filters.ChoiceFilter(
        label=_("状态"), choices=RequestState.choices, widget=forms.HiddenInput, method="as_it_is"
    )

    class Meta:
        model = ChangeRequest
        fields: list[str] = []

    def as_it_is(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        return rows


class ScopeRequestFilter(OwnRequestFilter):
    kind = filters.ChoiceFilter(
        label=_("机构类别"),
        field_name="assignment__institution__kind",
        choices=InstitutionKind.choices,
        empty_label=_("全部"),
    )
    region = filters.ChoiceFilter(
        label=_("地区"),
        field_name="assignment__institution__region__code",
        choices=region_choices,
        empty_label=_("全部"),
    )
    institution = filters.ModelChoiceFilter(
        label=_("机构"),
        field_name="assignment__institution",
        queryset=lambda request: Institution.objects.visible_to(request.user, acting=request.membership),
        widget=SearchSelect("accounts:institution_options"),
    )


class RetentionFilter(filters.FilterSet):
    """Stored files by their institution, and by a plan they were put forward for."""

    institution = filters.ModelChoiceFilter(
        label=_("机构"),
        queryset=lambda request: Institution.objects.visible_to(request.user, acting=request.membership),
        widget=SearchSelect("accounts:institution_options"),
    )
    plan = filters.ModelChoiceFilter(
        label=_("计划"), queryset=Plan.objects.all(), to_field_name="slug", method="for_plan", empty_label=_("全部")
    )

    class Meta:
        model = StoredFile
        fields: list[str] = []

    def for_plan(self, rows: QuerySet, name: str, value: Plan) -> QuerySet:
        return rows.filter(Exists(Evidence.objects.filter(stored=OuterRef("pk"), assignment__task__plan=value)))


class AccessFilter(filters.FilterSet):
    who = filters.CharFilter(label=_("人员或单位"), method="by_whom")
    q = filters.CharFilter(label=_("文件名"), field_name="evidence__original_name", lookup_expr="icontains")
    kind = filters.ChoiceFilter(label=_("方式"), choices=AccessKind.choices, empty_label=_("全部"))
    since = filters.DateFilter(label=_("开始日期"), method="from_day", widget=DAY)
    until = filters.DateFilter(label=_("结束日期"), method="to_day", widget=DAY)

    class Meta:
        model = EvidenceAccess
        fields: list[str] = []

    def by_whom(self, rows: QuerySet, name: str, value: str) -> QuerySet:
        return rows.filter(Q(user__name__icontains=value) | Q(body__icontains=value))

    def from_day(self, rows: QuerySet, name: str, value: datetime.date) -> QuerySet:
        return rows.filter(at__gte=_midnight(value))

    def to_day(self, rows: QuerySet, name: str, value: datetime.date) -> QuerySet:
        """That day included."""
        return rows.filter(at__lt=_midnight(value) + datetime.timedelta(days=1))


def _midnight(day: datetime.date) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time.min))
