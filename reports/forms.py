from __future__ import annotations

import datetime
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from assessments.models import SelfAssessment
from plan.models import Plan, Task
from portal.accounts.models import Institution, Membership, User
from portal.widgets import SearchSelect
from reports.enums import ReportKind
from reports.permissions import kinds_for
from reports.progress import plan_in_force
from tasks.models import Submission
from tasks.past import AT_LABEL, DAY, NO_DAY, check_begun


class PlanField(forms.ModelChoiceField):
    def label_from_instance(self, plan: Plan) -> str:
        return plan.local_title


class LanguageForm(forms.Form):
    language = forms.ChoiceField(label=_("语言"), choices=settings.LANGUAGES)

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"].initial = get_language()


class PlanForm(LanguageForm):
    """Which plan something is about, and its language."""

    plan = PlanField(label=_("计划"), queryset=Plan.objects.none(), to_field_name="slug", empty_label=None)
    field_order = ["plan", "language"]

    def __init__(self, *args, user: User, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.plans = Plan.objects.visible_to(user)
        self.fields["plan"].queryset = self.plans
        if not self.is_bound and (plan := plan_in_force(self.plans, timezone.localdate())):
            self.fields["plan"].initial = plan.slug


class TaskField(forms.ModelChoiceField):
    def label_from_instance(self, task: Task) -> str:
        return f"{task.number} {task.local_title}"


def past_or_none(day: datetime.date | None, plan: Plan | None) -> datetime.date | None:
    """A day before today, on which the plan had begun; None for today, which is what no day means."""
    today = timezone.localdate()
    if day is None or day == today:
        return None
    if day > today:
        raise ValidationError(_("截至日期不能晚于今天；留空即为今天。"), code="future")
    check_begun(day, plan, gettext("请填写此后的日期。"))
    return day


class DatedForm(PlanForm):
    """A report on a plan may speak of a past day of it."""

    day = forms.DateField(label=AT_LABEL, required=False, widget=DAY, error_messages=NO_DAY)

    def clean_day(self) -> datetime.date | None:
        return past_or_none(self.cleaned_data["day"], self.cleaned_data.get("plan"))


class RequestForm(DatedForm):
    """Which report, on which plan, as at which day. Who may ask for one kind only is not asked which.

    A task is chosen of the plan chosen before; an institution is one of the scope. Both are asked for where the kind
    of report wants them, and left aside elsewhere.
    """

    kind = forms.ChoiceField(label=_("报告种类"), choices=())
    institution = forms.ModelChoiceField(
        label=_("机构名称"),
        queryset=Institution.objects.none(),
        widget=SearchSelect("accounts:institution_options"),
        required=False,
        help_text=_("任务落实情况报告须选择。"),
    )
    task = TaskField(
        label=_("任务"),
        queryset=Task.objects.none(),
        to_field_name="number",
        required=False,
        empty_label=_("未选择"),
        help_text=_("任务专题报告须选择。"),
    )
    field_order = ["kind", "plan", "institution", "task", "day", "language"]
    # What each kind wants to know beside plan, day and language.
    wants: ClassVar[dict[str, tuple[str, Any]]] = {
        ReportKind.STATUS: ("institution", _("请选择机构。")),
        ReportKind.TASK: ("task", _("请选择任务。")),
    }

    def __init__(self, *args, membership: Membership | None, user: User, **kwargs) -> None:
        super().__init__(*args, user=user, **kwargs)
        # A report on a self-assessment is asked for on its page.
        self.kinds = [kind for kind in kinds_for(membership) if kind != ReportKind.ASSESSMENT]
        if len(self.kinds) > 1:
            self.fields["kind"].choices = [(kind.value, kind.label) for kind in self.kinds]
            self.fields["institution"].queryset = Institution.objects.visible_to(user, acting=membership)
            self.fields["task"].queryset = Task.objects.filter(plan=self._asked_plan)
        else:
            del self.fields["kind"], self.fields["institution"], self.fields["task"]

    @property
    def _asked_plan(self) -> Plan | None:
        """Known before anything is validated: it decides which tasks there are."""
        return self.plans.filter(slug=self["plan"].value() or "").first()

    def clean(self) -> dict[str, Any]:
        wanted = super().clean()
        if len(self.kinds) == 1:
            return {"kind": self.kinds[0], **wanted}
        field, message = self.wants.get(wanted.get("kind", ""), ("", ""))
        if field and not wanted.get(field) and field not in self.errors:
            self.add_error(field, message)
        for name in {"institution", "task"} - {field}:
            wanted[name] = None
            self.errors.pop(name, None)
        return wanted


class AssessmentReportForm(LanguageForm):
    """As at which day a report on a signed self-assessment tells what became of it, and its language."""

    day = forms.DateField(label=AT_LABEL, required=False, widget=DAY, error_messages=NO_DAY)
    field_order = ["day", "language"]

    def __init__(self, *args, self_assessment: SelfAssessment, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.self_assessment = self_assessment

    def clean_day(self) -> datetime.date | None:
        day = past_or_none(self.cleaned_data["day"], self.self_assessment.cycle.plan)
        signed_on = timezone.localdate(self.self_assessment.signed_at)
        if day and day < signed_on:
            raise ValidationError(
                _("这一版于 %(day)s 签署，截至日期不能早于当日。"), code="unsigned", params={"day": signed_on}
            )
        return day


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


class PackageForm(PlanForm):
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
