"""What is wanted of an institution, its answer, and what the supervisor says of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments.forms.answers import LONGEST_TEXT, DateInput, EvidenceField, FileChoice
from assessments.models import Rectification
from plan.models import Requirement, Task
from portal.accounts.models import Institution
from portal.widgets import SearchSelect
from tasks.models import Evidence

OPTION_LENGTH = 48  # characters of a requirement's text in a select box


def _text(label: Any, *, required: bool = True, rows: int = 4) -> forms.CharField:
    return forms.CharField(
        label=label, required=required, max_length=LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": rows})
    )


def _deadline(label: Any, help_text: Any = "") -> forms.DateField:
    return forms.DateField(label=label, help_text=help_text, widget=DateInput())


class InstitutionField(forms.ModelChoiceField):
    def label_from_instance(self, institution: Any) -> str:
        return institution.local_name


class OpenForm(forms.Form):
    """Something to be put right. Without `institution` it is chosen among `scope`."""

    institution = InstitutionField(
        label=gettext_lazy("机构名称"),
        queryset=Institution.objects.none(),
        widget=SearchSelect("accounts:institution_options"),
        error_messages={
            "invalid_choice": gettext_lazy("请选择监管范围内的机构；不能对自己所属的机构提出整改。"),
        },
    )
    requirement = forms.TypedChoiceField(
        label=gettext_lazy("对应要求"),
        required=False,
        coerce=int,
        empty_value=None,
        help_text=gettext_lazy("可以留空，用于与具体要求无关的整改。"),
    )
    title = forms.CharField(
        label=gettext_lazy("整改事项"),
        max_length=Rectification._meta.get_field("title").max_length,
        help_text=gettext_lazy("一句话概括，例如：补齐灾备演练记录"),
    )
    text = _text(gettext_lazy("整改要求"), rows=5)
    deadline = _deadline(gettext_lazy("整改期限"), gettext_lazy("当日 24 时截止。"))

    def __init__(
        self,
        *args: Any,
        institution: Institution | None,
        scope: QuerySet[Institution],
        requirements: QuerySet[Requirement],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.known = {requirement.pk: requirement for requirement in requirements}
        self.fields["requirement"].choices = [("", _("不对应具体要求")), *_options(self.known.values())]
        if institution:
            del self.fields["institution"]
        else:
            self.fields["institution"].queryset = scope

    @property
    def requirement_chosen(self) -> Requirement | None:
        return self.known.get(self.cleaned_data["requirement"])


def _options(requirements: Iterable[Requirement]) -> list[tuple[str, list[tuple[int, str]]]]:
    """Requirements under their tasks."""
    by_task: dict[Task, list[tuple[int, str]]] = {}
    for requirement in requirements:
        text = Truncator(requirement.local_text).chars(OPTION_LENGTH)
        by_task.setdefault(requirement.task, []).append((requirement.pk, f"{requirement.reference} {text}"))
    return [(_task_title(task), options) for task, options in by_task.items()]


def _task_title(task: Task) -> str:
    return _("任务 %(number)s：%(title)s") % {"number": task.number, "title": task.local_title}


class MoveForm(forms.Form):
    """A move of a rectification. `seen` is the last step that the page showed, `move` names the form."""

    move = ""
    seen = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, seen: int) -> None:
        super().__init__(data, prefix=self.move, initial={"seen": seen})

    def look_again(self, seen: int) -> None:
        """Let the next try be made over the step shown now; what was typed stays."""
        self.data = self.data.copy()
        self.data[self.add_prefix("seen")] = str(seen)


@dataclass(frozen=True)
class TaskFiles:
    """The files of one task to choose from."""

    title: str
    choices: list[FileChoice]

    @property
    def has_chosen(self) -> bool:
        return any(choice.is_chosen for choice in self.choices)


class AnswerForm(MoveForm):
    """The institution's answer, with files among `uploads`, its current and checked ones."""

    move = "answer"
    text = _text(gettext_lazy("整改情况"), rows=6)

    def __init__(
        self, data: Any = None, *, seen: int, uploads: list[Evidence], requirement: Requirement | None
    ) -> None:
        super().__init__(data, seen=seen)
        self.uploads, self.requirement = uploads, requirement
        self.fields["evidence"] = EvidenceField(uploads, label=_("证明材料"))

    @property
    def _choices(self) -> list[FileChoice]:
        chosen = set(self["evidence"].value() or [])
        return [FileChoice(file, str(file.pk) in chosen) for file in self.uploads]

    @property
    def near(self) -> list[FileChoice]:
        """Files of the very requirement."""
        return [c for c in self._choices if self.requirement and c.file.requirement_id == self.requirement.pk]

    @property
    def groups(self) -> list[TaskFiles]:
        """All others, task by task, those of the requirement's own task first."""
        near = {choice.file.pk for choice in self.near}
        by_task: dict[Task, list[FileChoice]] = {}
        for choice in self._choices:
            if choice.file.pk not in near:
                by_task.setdefault(choice.file.requirement.task, []).append(choice)
        first = self.requirement.task_id if self.requirement else None
        tasks = sorted(by_task, key=lambda task: (task.pk != first, task.plan_id, task.number))
        return [TaskFiles(_task_title(task), by_task[task]) for task in tasks]


class CloseForm(MoveForm):
    """`needs_reason`: nobody has answered, so closing says why."""

    move = "close"
    text = _text(gettext_lazy("核验意见"), required=False, rows=3)

    def __init__(self, data: Any = None, *, seen: int, needs_reason: bool) -> None:
        super().__init__(data, seen=seen)
        if needs_reason:
            self.fields["text"].label = _("办结理由")
            self.fields["text"].required = True


class ReopenForm(MoveForm):
    move = "reopen"
    text = _text(gettext_lazy("还需整改的内容"))
    deadline = _deadline(gettext_lazy("新的整改期限"), gettext_lazy("当日 24 时截止。"))


class RescheduleForm(MoveForm):
    move = "reschedule"
    text = _text(gettext_lazy("调整理由"), rows=3)
    deadline = _deadline(gettext_lazy("新的整改期限"), gettext_lazy("当日 24 时截止；原期限仍保留在整改过程中。"))
