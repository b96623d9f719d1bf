from __future__ import annotations

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from plan.models import Plan
from portal.accounts.models import User
from reports.forms import LanguageForm, PlanField
from reports.progress import plan_in_force
from reports.schedules.enums import Frequency


class ScheduleForm(LanguageForm):
    """After which periods, of which plan, in which language. The role decides which report it is."""

    plan = PlanField(label=_("计划"), queryset=Plan.objects.none(), to_field_name="slug", empty_label=None)
    frequency = forms.ChoiceField(label=_("频率"), choices=Frequency.choices)
    field_order = ["plan", "frequency", "language"]

    def __init__(self, *args, user: User, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        plans = Plan.objects.visible_to(user)
        self.fields["plan"].queryset = plans
        if not self.is_bound and (plan := plan_in_force(plans, timezone.localdate())):
            self.fields["plan"].initial = plan.slug
