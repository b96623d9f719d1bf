"""What the dashboard is about: whose work of which plan, as at which day, and compared with which."""

from __future__ import annotations

import datetime
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments.filters import ALL, LocalChoiceField
from assessments.models import Cycle
from plan.models import Plan, Theme
from portal.accounts.enums import AuthorityKind, InstitutionKind
from portal.accounts.models import Authority, Membership, Region, User
from portal.widgets import CheckMenu
from reports.progress import last_half_year, plan_in_force
from tasks.past import AT_LABEL, DAY, NO_DAY, check_at, check_begun

OF_SCOPE = ("kind", "region", "authority")


def region_choices() -> list[tuple[str, str]]:
    return [(region.code, region.local_name) for region in Region.objects.all()]


class DashboardForm(forms.Form):
    """Each filter holds on its own: one that makes no sense leaves the others in force."""

    plan = LocalChoiceField(
        label=gettext_lazy("计划"), queryset=Plan.objects.none(), to_field_name="slug", name="local_title"
    )
    theme = forms.ChoiceField(label=gettext_lazy("主题"), required=False)
    kind = forms.MultipleChoiceField(
        label=gettext_lazy("机构类别"), required=False, choices=InstitutionKind.choices, widget=CheckMenu
    )
    region = forms.MultipleChoiceField(
        label=gettext_lazy("地区"), required=False, choices=region_choices, widget=CheckMenu
    )
    authority = LocalChoiceField(
        label=gettext_lazy("监管单位"),
        queryset=Authority.objects.exclude(kind=AuthorityKind.HEADQUARTERS),
        name="local_name",
    )
    at = forms.DateField(label=AT_LABEL, required=False, widget=DAY, error_messages=NO_DAY)
    against = forms.DateField(
        label=gettext_lazy("对比（默认上一半年末）"), required=False, widget=DAY, error_messages=NO_DAY
    )

    def __init__(self, data: QueryDict, *, user: User, membership: Membership) -> None:
        super().__init__(data)
        plans = Plan.objects.visible_to(user)
        self.today = timezone.localdate()
        self.plans = list(plans)
        self.in_force = plan_in_force(plans, self.today)
        self.fields["plan"].queryset = plans
        if len(self.plans) < 2:
            self.fields["plan"].widget = self.fields["plan"].hidden_widget()
        authority = membership.authority
        if authority is None or authority.kind != AuthorityKind.HEADQUARTERS:
            del self.fields["authority"]
        if authority is None:
            del self.fields["kind"], self.fields["region"]
        self.themes = {str(theme.number): theme for theme in Theme.objects.filter(plan=self.asked_plan)}
        choices = [(number, f"{theme.local_label} {theme.local_title}") for number, theme in self.themes.items()]
        self.fields["theme"].choices = [("", ALL), *choices]

    @property
    def asked_plan(self) -> Plan | None:
        """Known before anything is validated: it decides which themes there are. None where there is no plan."""
        asked = self.data.get("plan")
        return next((plan for plan in self.plans if plan.slug == asked), self.in_force)

    @property
    def asked_theme(self) -> Theme | None:
        return self.themes.get(self.chosen.get("theme", ""))

    @property
    def chosen(self) -> dict[str, Any]:
        """What is set and makes sense."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}

    @property
    def day(self) -> datetime.date:
        return self.chosen.get("at") or self.today

    @property
    def before(self) -> datetime.date | None:
        """What the day is compared with; None when the plan had not begun by then."""
        if against := self.chosen.get("against"):
            return against
        day = last_half_year(self.day)
        return day if self.asked_plan and day >= self.asked_plan.starts_on else None

    def clean_at(self) -> datetime.date | None:
        day = self.cleaned_data["at"]
        if day:
            check_at(day, self.asked_plan)
        return day

    def clean_against(self) -> datetime.date | None:
        day = self.cleaned_data["against"]
        if day and day >= (self.cleaned_data.get("at") or self.today):
            raise forms.ValidationError(_("对比日期应早于截至日期，现与上一半年末对比。"), code="order")
        if day:
            check_begun(day, self.asked_plan, _("现与上一半年末对比。"))
        return day


class MaturityForm(DashboardForm):
    cycle = LocalChoiceField(label=gettext_lazy("自评周期"), queryset=Cycle.objects.none(), name="local_title")
    field_order = ["plan", "cycle"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["cycle"].queryset = Cycle.objects.filter(plan=self.asked_plan)
        self.fields["cycle"].empty_label = _("最近有报送的周期")
