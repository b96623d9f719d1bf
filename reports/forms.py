from __future__ import annotations

import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from assessments.models import SelfAssessment
from plan.models import Plan
from portal.accounts.models import Institution, Membership, User
from portal.widgets import SearchSelect
from reports.progress import plan_in_force
from tasks.models import Submission

DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class PlanField(forms.ModelChoiceField):
    def label_from_instance(self, plan: Plan) -> str:
        return plan.local_title


class LanguageForm(forms.Form):
    language = forms.ChoiceField(label=_("语言"), choices=settings.LANGUAGES)

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"].initial = get_language()


class RequestForm(LanguageForm):
    """Which plan a report is about, and its language. The role decides which report it is."""

    plan = PlanField(label=_("计划"), queryset=Plan.objects.none(), to_field_name="slug", empty_label=None)
    field_order = ["plan", "language"]

    def __init__(self, *args, user: User, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        plans = Plan.objects.visible_to(user)
        self.fields["plan"].queryset = plans
        if not self.is_bound and (plan := plan_in_force(plans, timezone.localdate())):
            self.fields["plan"].initial = plan.slug


class ProofForm(LanguageForm):
    """Which institution's people, and from which day to which. One's own institution is not asked for."""

    institution = forms.ModelChoiceField(
        label=_("机构"),
        queryset=Institution.objects.none(),
        widget=SearchSelect("accounts:institution_options"),
        error_messages={"required": _("请选择机构。")},
    )
    start = forms.DateField(label=_("开始日期"), widget=DAY, error_messages={"required": _("请填写开始日期。")})
    end = forms.DateField(label=_("结束日期"), widget=DAY, error_messages={"required": _("请填写结束日期。")})
    field_order = ["institution", "start", "end", "language"]

    def __init__(self, *args, membership: Membership, user: User, chosen: str | None = None, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.membership, today = membership, timezone.localdate()
        self.fields["start"].initial = today - datetime.timedelta(days=365)
        self.fields["end"].initial = today
        if membership.is_supervising:
            self.fields["institution"].queryset = Institution.objects.visible_to(user, acting=membership)
            self.fields["institution"].initial = chosen
        else:
            del self.fields["institution"]

    def clean(self) -> dict[str, Any]:
        wanted = super().clean()
        wanted.setdefault("institution", self.membership.institution)
        if wanted.get("start") and wanted.get("end") and wanted["start"] > wanted["end"]:
            self.add_error("end", _("结束日期不能早于开始日期。"))
        return wanted


class PackageForm(RequestForm):
    """Which institution's work under which plan. One's own institution is not asked for."""

    institution = forms.ModelChoiceField(
        label=_("机构"),
        queryset=Institution.objects.none(),
        widget=SearchSelect("accounts:institution_options"),
        error_messages={"required": _("请选择机构。")},
    )
    field_order = ["institution", "plan", "language"]

    def __init__(self, *args, membership: Membership, user: User, chosen: str | None = None, **kwargs) -> None:
        super().__init__(*args, user=user, **kwargs)
        self.membership, self.user = membership, user
        if membership.is_supervising:
            self.fields["institution"].queryset = Institution.objects.visible_to(user, acting=membership)
            self.fields["institution"].initial = chosen
        else:
            del self.fields["institution"]

    def clean(self) -> dict[str, Any]:
        wanted = super().clean()
        wanted.setdefault("institution", self.membership.institution)
        if not self.errors and not self._is_anything_signed(wanted["institution"], wanted["plan"]):
            raise ValidationError(
                _("该机构在此计划下尚无已签署的报送或自评，没有可导出的内容。"), code="nothing_signed"
            )
        return wanted

    def _is_anything_signed(self, institution: Institution, plan: Plan) -> bool:
        submissions = Submission.objects.visible_to(self.user, acting=self.membership)
        judged = SelfAssessment.objects.visible_to(self.user, acting=self.membership)
        return (
            submissions.filter(assignment__institution=institution, assignment__task__plan=plan).exists()
            or judged.filter(institution=institution, cycle__plan=plan, signed_at__isnull=False).exists()
        )
