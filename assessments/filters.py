"""The filters of the review queue and of the supervisor's lists of self-assessments and rectifications."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assessments.enums import RectificationState, SelfAssessmentState
from assessments.models import Cycle
from assessments.querysets import RectificationQuerySet
from plan.models import Theme
from portal.accounts.enums import InstitutionKind
from portal.accounts.models import Authority, Institution, Region, User
from portal.widgets import SearchSelect

ALL = _("全部")
SUBMISSION = "submission"
SELF_ASSESSMENT = "self_assessment"
MINE, UNASSIGNED = "me", "none"


class LocalChoiceField(forms.ModelChoiceField):
    """Rows named in the active language by `name`, an attribute."""

    def __init__(self, *args: Any, name: str, **kwargs: Any) -> None:
        super().__init__(*args, required=False, empty_label=ALL, **kwargs)
        self.name = name

    def label_from_instance(self, row: Any) -> str:
        return getattr(row, self.name)


class InstitutionFilterForm(forms.Form):
    """Filters by institution, for rows whose institution is at a field path; `scope` is what may be chosen from."""

    kind = forms.ChoiceField(label=_("机构类别"), required=False, choices=[("", ALL), *InstitutionKind.choices])
    region = LocalChoiceField(label=_("地区"), queryset=Region.objects.all(), to_field_name="code", name="local_name")
    institution = LocalChoiceField(
        label=_("机构名称"),
        queryset=Institution.objects.none(),
        name="local_name",
        widget=SearchSelect("accounts:institution_options"),
    )

    def __init__(self, *args: Any, scope: QuerySet[Institution] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if scope is not None:
            self.fields["institution"].queryset = scope

    @property
    def wanted(self) -> dict[str, Any]:
        """The filters that are set, each on its own: one that makes no sense leaves the others in force."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}

    def of_institution(self, rows: QuerySet, path: str) -> QuerySet:
        wanted = self.wanted
        if kind := wanted.get("kind"):
            rows = rows.filter(**{f"{path}__kind": kind})
        if region := wanted.get("region"):
            rows = rows.filter(**{f"{path}__region": region})
        if institution := wanted.get("institution"):
            rows = rows.filter(**{path: institution})
        return rows


class QueueFilterForm(InstitutionFilterForm):
    """The filters of the review queue. A theme leaves submissions only: a self-assessment spans all themes.

    `colleagues` are those who may be asked for by name; which cases are theirs, the queue knows.
    """

    type = forms.ChoiceField(
        label=_("报送类型"),
        required=False,
        choices=[("", ALL), (SUBMISSION, _("任务报送")), (SELF_ASSESSMENT, _("自评"))],
    )
    theme = LocalChoiceField(label=_("主题"), queryset=Theme.objects.all(), name="local_title")
    officer = forms.ChoiceField(label=_("经办人"), required=False)
    field_order = ["type", "officer", "kind", "region", "theme", "institution"]

    def __init__(self, *args: Any, colleagues: Iterable[User] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [(str(colleague.pk), colleague.name) for colleague in colleagues]
        self.fields["officer"].choices = [("", ALL), (MINE, _("我")), (UNASSIGNED, _("未分派")), *named]

    def submissions(self, rows: QuerySet) -> QuerySet:
        if self.wanted.get("type") == SELF_ASSESSMENT:
            return rows.none()
        if theme := self.wanted.get("theme"):
            rows = rows.filter(assignment__task__theme=theme)
        return self.of_institution(rows, "assignment__institution")

    def self_assessments(self, rows: QuerySet) -> QuerySet:
        if self.wanted.get("type") == SUBMISSION or self.wanted.get("theme"):
            return rows.none()
        return self.of_institution(rows, "institution")


class SelfAssessmentFilterForm(InstitutionFilterForm):
    """The filters of the supervisor's list: one cycle, and where its self-assessments stand."""

    cycle = LocalChoiceField(label=_("自评周期"), queryset=Cycle.objects.all(), name="local_title")
    state = forms.ChoiceField(label=_("状态"), required=False, choices=[("", ALL), *SelfAssessmentState.choices])
    field_order = ["cycle", "state", "kind", "region", "institution"]

    def filtered(self, rows: QuerySet) -> QuerySet:
        """Of rows that have their standing."""
        if state := self.wanted.get("state"):
            rows = rows.filter(standing=state)
        return self.of_institution(rows, "institution")


class RectificationFilterForm(InstitutionFilterForm):
    """The filters of the supervisor's list of rectifications. Without a state, those that are not closed."""

    state = forms.ChoiceField(
        label=_("状态"), required=False, choices=[("", _("未办结")), *RectificationState.choices, ("all", ALL)]
    )
    overdue = forms.ChoiceField(
        label=_("逾期"), required=False, choices=[("", _("不限")), ("1", _("已逾期")), ("escalated", _("已升级"))]
    )
    mine = forms.ChoiceField(
        label=_("提出者"), required=False, choices=[("", ALL), ("authority", _("本单位")), ("me", _("本人"))]
    )
    # The calendar leads to the rows of a day; here, filtering keeps it.
    deadline = forms.DateField(label=_("整改期限"), required=False, widget=forms.HiddenInput)
    field_order = ["state", "overdue", "mine", "kind", "region", "institution", "deadline"]

    def filtered(self, rows: RectificationQuerySet, user: User, authority: Authority) -> QuerySet:
        wanted = self.wanted
        state = wanted.get("state")
        if not state:
            rows = rows.unclosed()
        elif state != "all":
            rows = rows.filter(state=state)
        if overdue := wanted.get("overdue"):
            today = timezone.localdate()
            rows = rows.overdue(today) if overdue == "1" else rows.escalated(today)
        if deadline := wanted.get("deadline"):
            rows = rows.filter(deadline=deadline)
        if mine := wanted.get("mine"):
            rows = rows.filter(opened_by=user) if mine == "me" else rows.filter(authority=authority)
        return self.of_institution(rows, "institution")
