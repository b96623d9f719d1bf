from __future__ import annotations

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from plan.models import Plan
from portal.accounts.models import User
from reports.progress import plan_in_force


class PlanField(forms.ModelChoiceField):
    def label_from_instance(self, plan: Plan) -> str:
        return plan.local_title


class RequestForm(forms.Form):
    """Which plan a report is about, and its language. The role decides which report it is."""

    plan = PlanField(label=_("计划"), queryset=Plan.objects.none(), to_field_name="slug", empty_label=None)
    language = forms.ChoiceField(label=_("语言"), choices=settings.LANGUAGES)

    def __init__(self, *args, user: User, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        plans = Plan.objects.visible_to(user)
        self.fields["plan"].queryset = plans
        self.fields["language"].initial = get_language()
        if not self.is_bound and (plan := plan_in_force(plans, timezone.localdate())):
            self.fields["plan"].initial = plan.slug
