"""What an institution asks of its supervisor, and the supervisor's decision."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plan.models import Task
from tasks.forms.work import ReasonField
from tasks.models import Assignment, ChangeRequest, Evidence
from tasks.requests import check_new_deadline


class DateInput(forms.DateInput):
    def __init__(self) -> None:
        super().__init__(attrs={"type": "date"}, format="%Y-%m-%d")


class FileChoice(NamedTuple):
    file: Evidence
    is_chosen: bool


class FileGroup(NamedTuple):
    """The files that were put forward for one task."""

    task: Task
    choices: list[FileChoice]


class NotApplicableForm(forms.Form):
    """Why a task does not apply, and the files that show it."""

    reason = ReasonField(
        label=gettext_lazy("申请理由"),
        help_text=gettext_lazy("监管单位会看到此理由，并记入审计日志。"),
        missing=gettext_lazy("请填写申请理由。"),
        max_length=4000,
    )
    evidence = forms.TypedMultipleChoiceField(
        label=gettext_lazy("附上的材料"),
        required=False,
        coerce=UUID,
        empty_value=[],
        error_messages={"invalid_choice": gettext_lazy("所选材料中有的已被撤回或替换。请重新勾选。")},
    )

    def __init__(self, *args, assignment: Assignment, files: Iterable[Evidence], **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.assignment, self.files = assignment, list(files)
        self.fields["evidence"].choices = [(str(file.pk), file.original_name) for file in self.files]

    @property
    def near(self) -> list[FileChoice]:
        """The files of the task itself."""
        return [choice for choice in self._choices if choice.file.assignment_id == self.assignment.pk]

    @property
    def others(self) -> list[FileGroup]:
        groups: dict[Task, list[FileChoice]] = {}
        for choice in self._choices:
            if choice.file.assignment_id != self.assignment.pk:
                groups.setdefault(choice.file.requirement.task, []).append(choice)
        return [FileGroup(task, groups[task]) for task in sorted(groups, key=lambda task: task.number)]

    @property
    def is_any_other_chosen(self) -> bool:
        return any(choice.is_chosen for group in self.others for choice in group.choices)

    @property
    def _choices(self) -> list[FileChoice]:
        chosen = set(self["evidence"].value() or [])
        return [FileChoice(file, str(file.pk) in chosen) for file in self.files]


class ExtensionForm(NotApplicableForm):
    new_deadline = forms.DateField(
        label=gettext_lazy("申请延至"),
        widget=DateInput(),
        error_messages={"required": gettext_lazy("请选择申请延至的日期。")},
    )
    field_order = ["new_deadline", "reason", "evidence"]

    def __init__(self, *args, assignment: Assignment, files: Iterable[Evidence], **kwargs) -> None:
        super().__init__(*args, assignment=assignment, files=files, **kwargs)
        ends_on = assignment.task.plan.ends_on
        self.fields["new_deadline"].help_text = _(
            "现在的期限是 %(deadline)s。计划执行至 %(ends_on)s，申请的日期可以晚于此日，但请在理由中说明。"
        ) % {"deadline": assignment.deadline.isoformat(), "ends_on": ends_on.isoformat()}

    def clean_new_deadline(self) -> datetime.date:
        day = self.cleaned_data["new_deadline"]
        check_new_deadline(self.assignment, day)
        return day


class GrantForm(forms.Form):
    decision = forms.CharField(
        label=gettext_lazy("审批意见"),
        help_text=gettext_lazy("机构会看到此意见。"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args, change_request: ChangeRequest, **kwargs) -> None:
        super().__init__(*args, prefix="grant", **kwargs)


class GrantExtensionForm(GrantForm):
    """The day asked for, or an earlier one."""

    granted_deadline = forms.DateField(
        label=gettext_lazy("同意延至"),
        widget=DateInput(),
        error_messages={"required": gettext_lazy("请选择同意延至的日期。")},
    )
    field_order = ["granted_deadline", "decision"]

    def __init__(self, *args, change_request: ChangeRequest, **kwargs) -> None:
        super().__init__(*args, change_request=change_request, **kwargs)
        self.fields["granted_deadline"].initial = change_request.new_deadline
        self.fields["granted_deadline"].help_text = _("晚于原期限 %(old)s，且不晚于申请的 %(new)s。") % {
            "old": change_request.old_deadline.isoformat(),
            "new": change_request.new_deadline.isoformat() if change_request.new_deadline else "",
        }


class DeclineForm(forms.Form):
    decision = ReasonField(
        label=gettext_lazy("不予同意的理由"),
        help_text=gettext_lazy("机构会看到此理由，并记入审计日志。"),
        missing=gettext_lazy("请写明不予同意的理由。"),
    )

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, prefix="decline", **kwargs)
