"""The answers to the requirements of one task."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.forms import BoundField
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments.answers import SAID_FIELDS, VALUE_FIELDS, AnswerDraft, values_of
from assessments.completeness import lacks_of, progress_of
from assessments.enums import Lack
from assessments.fields import NumberField
from assessments.models import Answer
from plan.enums import RequirementKind
from plan.models import Requirement, Task
from tasks.models import Evidence

LONGEST_TEXT = 4000
LONGEST_NAME = 80
LAST_REVISION = 2**31 - 2
K = RequirementKind
MEASURE_FIELDS = ("measure", "measure_owner", "measure_due_on")
GAP_KINDS = {K.EVIDENCE, K.YES_NO, K.MATURITY}


def yes_or_no(text: str) -> bool:
    return text == "yes"


class DateInput(forms.DateInput):
    def __init__(self) -> None:
        super().__init__(attrs={"type": "date"}, format="%Y-%m-%d")


class WholeTextField(forms.CharField):
    """A text that is refused when it is too long, and never cut: the browser is not told of the limit."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)
        self.error_messages["max_length"] = _(
            "最多 %(limit_value)d 字，现有 %(show_value)d 字，尚未保存。请删减后再保存，详细内容可作为证明材料上传。"
        )

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {name: value for name, value in super().widget_attrs(widget).items() if name != "maxlength"}


class EvidenceField(forms.TypedMultipleChoiceField):
    """Files of the institution that were uploaded before."""

    def __init__(self, files: Iterable[Evidence], **kwargs: Any) -> None:
        super().__init__(
            choices=[(str(file.pk), file.original_name) for file in files],
            coerce=UUID,
            empty_value=[],
            required=False,
            widget=forms.CheckboxSelectMultiple,
            error_messages={"invalid_choice": gettext_lazy("所选材料中有的已被撤回或替换。请重新勾选。")},
            **kwargs,
        )


@dataclass(frozen=True)
class FileChoice:
    file: Evidence
    is_chosen: bool


@dataclass(frozen=True)
class FileGroup:
    title: str
    choices: list[FileChoice]


@dataclass(frozen=True)
class Section:
    """One requirement on the page: its fields, its own files, and those of other requirements by task."""

    requirement: Requirement
    saved: Answer | None
    values: list[BoundField]
    justification: BoundField
    evidence: BoundField
    revision: BoundField
    measure: list[BoundField]
    reply: BoundField | None
    near: list[FileChoice]
    others: list[FileGroup]
    measures_below: int
    needs_reply: bool

    @property
    def is_open(self) -> bool:
        return any(choice.is_chosen for group in self.others for choice in group.choices)

    @property
    def lacking(self) -> tuple[Lack, ...]:
        """What the saved answer lacks."""
        return lacks_of(self.saved, self.requirement, self.measures_below, is_returned=self.needs_reply)

    @property
    def progress(self) -> str:
        """How far the saved answer is, as the name of a state in portal/states.py."""
        return progress_of(self.saved, self.lacking)


class AnswersForm(forms.Form):
    """The answers to requirements of one task, complete or not; a field's name ends with its requirement's id.

    `measures_below` is the plan's; `awaiting_reply` are the requirements for which the version before was returned.
    """

    def __init__(
        self,
        *args: Any,
        requirements: list[Requirement],
        answers: Mapping[int, Answer],
        files: list[Evidence],
        measures_below: int,
        awaiting_reply: Collection[int],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.measures_below = measures_below
        self.awaiting_reply = awaiting_reply
        self.requirements = requirements
        self.answers = answers
        self.uploads = files
        for requirement in requirements:
            self._add_fields(requirement, answers.get(requirement.pk))

    def _add_fields(self, requirement: Requirement, saved: Answer | None) -> None:
        pk, fields = requirement.pk, self.fields
        for name, field in value_fields(requirement, values_of(saved or Answer(), requirement.kind)).items():
            fields[f"{name}_{pk}"] = field
        reference = {"reference": requirement.reference}
        fields[f"justification_{pk}"] = _text(_("%(reference)s 说明") % reference, saved, "justification")
        if self.measures_below and requirement.kind in GAP_KINDS:
            fields[f"measure_{pk}"] = _text(_("%(reference)s 整改措施") % reference, saved, "measure")
            fields[f"measure_owner_{pk}"] = WholeTextField(
                label=_("%(reference)s 责任人") % reference,
                max_length=LONGEST_NAME,
                initial=saved.measure_owner if saved else "",
            )
            fields[f"measure_due_on_{pk}"] = forms.DateField(
                label=_("%(reference)s 计划完成日期") % reference,
                required=False,
                widget=DateInput(),
                initial=saved.measure_due_on if saved else None,
            )
        if pk in self.awaiting_reply:
            fields[f"reply_{pk}"] = _text(_("%(reference)s 对退回理由的答复") % reference, saved, "reply")
        linked = saved.evidence.all() if saved else [f for f in self.uploads if f.requirement_id == pk]
        fields[f"evidence_{pk}"] = EvidenceField(
            self.uploads,
            label=_("%(reference)s 证明材料") % reference,
            initial=[str(file.pk) for file in linked],
        )
        fields[f"revision_{pk}"] = forms.IntegerField(
            widget=forms.HiddenInput,
            min_value=0,
            max_value=LAST_REVISION,
            initial=saved.revision if saved else 0,
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        for requirement in self.requirements:
            if requirement.kind == K.RATIO:
                self._clean_ratio(f"numerator_{requirement.pk}", f"denominator_{requirement.pk}")
            self._clean_due_date(requirement.pk)
        return cleaned

    def _clean_due_date(self, pk: int) -> None:
        """No day in the past is chosen; one that has passed since it was saved does not stand in the way."""
        due_on, saved = self.cleaned_data.get(f"measure_due_on_{pk}"), self.answers.get(pk)
        if due_on and due_on < timezone.localdate() and not (saved and saved.measure_due_on == due_on):
            self.add_error(f"measure_due_on_{pk}", _("计划完成日期已过。请填写今日或以后的日期。"))

    def _clean_ratio(self, numerator: str, denominator: str) -> None:
        if numerator in self.errors or denominator in self.errors:
            return
        above, below = self.cleaned_data[numerator], self.cleaned_data[denominator]
        if above is None and below is None:
            return
        if above is None or below is None:
            self.add_error(numerator if above is None else denominator, _("分子和分母须同时填写，或同时留空。"))
        elif below == 0:
            self.add_error(denominator, _("分母不能为 0。没有相应基数时，请两项都留空，并在说明中写明。"))
        elif above > below:
            self.add_error(numerator, _("分子大于分母，占比将超过 100%。请核对两个数值。"))

    @property
    def drafts(self) -> dict[int, AnswerDraft]:
        """What was typed, by requirement id, once it is valid."""
        return {requirement.pk: self._draft(requirement) for requirement in self.requirements}

    def _draft(self, requirement: Requirement) -> AnswerDraft:
        """A field that the page does not have keeps what is saved."""
        pk, data = requirement.pk, self.cleaned_data
        saved = self.answers.get(pk) or Answer()
        return AnswerDraft(
            values={name: data[f"{name}_{pk}"] for name in VALUE_FIELDS[K(requirement.kind)]},
            evidence=frozenset(data[f"evidence_{pk}"]),
            revision=data[f"revision_{pk}"],
            **{name: data.get(f"{name}_{pk}", getattr(saved, name)) for name in SAID_FIELDS},
        )

    def typed(self, requirement: Requirement) -> dict[str, Any]:
        """What stands in the requirement's fields, by their names, as a script fills it in."""
        names = [name for name in self.fields if name.endswith(f"_{requirement.pk}")]
        return {name: _as_typed(self[name].value()) for name in names}

    def overwrite(self, current: Mapping[int, Answer]) -> None:
        """Let the next save go over the answers shown as `current`: the person has then seen them."""
        self.data = self.data.copy()
        for requirement_id, answer in current.items():
            self.data[f"revision_{requirement_id}"] = str(answer.revision)

    @property
    def sections(self) -> list[Section]:
        return [self._section(requirement) for requirement in self.requirements]

    def _section(self, requirement: Requirement) -> Section:
        pk = requirement.pk
        evidence = self[f"evidence_{pk}"]
        chosen = set(evidence.value() or [])
        choices = [FileChoice(file, str(file.pk) in chosen) for file in self.uploads]
        return Section(
            requirement=requirement,
            saved=self.answers.get(pk),
            values=[self[f"{name}_{pk}"] for name in VALUE_FIELDS[K(requirement.kind)]],
            justification=self[f"justification_{pk}"],
            evidence=evidence,
            revision=self[f"revision_{pk}"],
            measure=[self[f"{name}_{pk}"] for name in MEASURE_FIELDS if f"{name}_{pk}" in self.fields],
            reply=self[f"reply_{pk}"] if pk in self.awaiting_reply else None,
            near=[choice for choice in choices if choice.file.requirement_id == pk],
            others=_by_task([c for c in choices if c.file.requirement_id != pk], requirement.task),
            measures_below=self.measures_below,
            needs_reply=pk in self.awaiting_reply,
        )


def _as_typed(value: Any) -> str | list[str]:
    if isinstance(value, list):
        return value
    return "" if value is None else str(value)


def _text(label: str, saved: Answer | None, name: str) -> WholeTextField:
    return WholeTextField(
        label=label,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 4 if name == "justification" else 3}),
        initial=getattr(saved, name) if saved else "",
    )


def _by_task(choices: list[FileChoice], first: Task) -> list[FileGroup]:
    """The choices task by task, those of the task `first` first."""
    by_task: dict[Task, list[FileChoice]] = {}
    for choice in choices:
        by_task.setdefault(choice.file.requirement.task, []).append(choice)
    ordered = sorted(by_task, key=lambda task: (task != first, task.number))
    return [
        FileGroup(_("任务 %(number)s：%(title)s") % {"number": task.number, "title": task.local_title}, by_task[task])
        for task in ordered
    ]


def value_fields(requirement: Requirement, values: Mapping[str, Any]) -> dict[str, forms.Field]:
    """The fields that hold an answer of the requirement's kind, with the values saved so far."""
    reference = requirement.reference

    def label(words: str) -> str:
        return f"{reference} {words}"

    match K(requirement.kind):
        case K.EVIDENCE:
            return {"in_place": _yes_no(label(_("是否到位")), _("到位"), _("未到位"), values["in_place"])}
        case K.YES_NO:
            return {"in_place": _yes_no(label(_("结论")), _("是"), _("否"), values["in_place"])}
        case K.MATURITY:
            criteria = enumerate(requirement.local_criteria)
            choices = [
                (level, _("%(level)s 级：%(criterion)s") % {"level": level, "criterion": text})
                for level, text in criteria
            ]
            return {"level": _choice(label(_("成熟度")), choices, int, values["level"])}
        case K.RATIO:
            return {
                "numerator": _number(label(_("分子")), values["numerator"], is_positive_only=True),
                "denominator": _number(label(_("分母")), values["denominator"], is_positive_only=True),
            }
        case K.NUMBER:
            unit = f"（{requirement.unit}）" if requirement.unit else ""
            return {"number": _number(label(_("数值")) + unit, values["number"])}
        case _:
            return {
                "date": forms.DateField(
                    label=label(_("日期")), required=False, widget=DateInput(), initial=values["date"]
                )
            }


def _yes_no(label: str, yes: str, no: str, value: bool | None) -> forms.Field:
    initial = None if value is None else "yes" if value else "no"
    return _choice(label, [("yes", yes), ("no", no)], yes_or_no, initial)


def _choice(label: str, choices: list, coerce: Any, initial: Any) -> forms.Field:
    return forms.TypedChoiceField(
        label=label,
        choices=choices,
        coerce=coerce,
        required=False,
        empty_value=None,
        initial=initial,
        widget=forms.RadioSelect,
    )


def _number(label: str, initial: Any, *, is_positive_only: bool = False) -> NumberField:
    return NumberField(label=label, required=False, initial=initial, is_positive_only=is_positive_only)
