"""A supervisor's verdict, and what it says of each requirement."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from django import forms
from django.core.exceptions import ValidationError
from django.forms import BoundField
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments.enums import Verdict
from assessments.forms.answers import LONGEST_TEXT
from assessments.models import ReviewDraft
from assessments.remarks import RemarkGiven
from plan.models import Requirement


class RemarkFields(NamedTuple):
    """Where one requirement is judged."""

    verdict: BoundField
    text: BoundField


class ReviewDraftForm(forms.Form):
    """A review as far as it is written: anything may still be open.

    `draft` fills it, and `revision` goes along, so that another window's newer draft is noticed.
    """

    revision = forms.IntegerField(min_value=0, initial=0, required=False, widget=forms.HiddenInput)
    comment = forms.CharField(
        label=gettext_lazy("总体意见"),
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(
        self, data: Any = None, *, requirements: Iterable[Requirement], draft: ReviewDraft | None = None
    ) -> None:
        super().__init__(data, initial=_as_initial(draft) if draft else {})
        self.requirements = list(requirements)
        for requirement in self.requirements:
            self.fields[f"verdict_{requirement.pk}"] = forms.ChoiceField(
                label=_("%(reference)s 结论") % {"reference": requirement.reference},
                choices=[("", gettext_lazy("未审")), *Verdict.choices],
                required=False,
                widget=forms.RadioSelect,
            )
            self.fields[f"text_{requirement.pk}"] = forms.CharField(
                label=_("%(reference)s 意见") % {"reference": requirement.reference},
                required=False,
                max_length=LONGEST_TEXT,
                widget=forms.Textarea(attrs={"rows": 2, "aria-keyshortcuts": "C"}),
            )

    def clean_revision(self) -> int:
        return self.cleaned_data["revision"] or 0

    def remark_fields(self, requirement: Requirement) -> RemarkFields:
        return RemarkFields(self[f"verdict_{requirement.pk}"], self[f"text_{requirement.pk}"])

    @property
    def written(self) -> dict[int, RemarkGiven]:
        """What stands in the fields of each requirement, by its id."""
        return {
            requirement.pk: RemarkGiven(
                self.cleaned_data.get(f"verdict_{requirement.pk}", ""),
                self.cleaned_data.get(f"text_{requirement.pk}", ""),
            )
            for requirement in self.requirements
        }

    def overwrite(self, current: ReviewDraft) -> None:
        """Sent once more, what was typed takes the place of the draft as it stands now."""
        self.data = self.data.copy()
        self.data["revision"] = str(current.revision)


class ReviewForm(ReviewDraftForm):
    """A review that is sent, or proposed where the plan asks for a second one."""

    verdict = forms.ChoiceField(
        label=gettext_lazy("审核结论"),
        choices=Verdict.choices,
        error_messages={"required": gettext_lazy("请选择接受或退回。")},
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for pk, remark in self.written.items():
            if remark.verdict == Verdict.RETURNED and not remark.text and f"text_{pk}" not in self.errors:
                self.add_error(f"text_{pk}", ValidationError(_("请填写退回这项要求的理由。"), code="text_missing"))
            elif not remark.verdict and remark.text and cleaned.get("verdict") == Verdict.RETURNED:
                self.add_error(
                    f"text_{pk}", ValidationError(_("已填写意见，请选择接受或退回这项要求。"), code="verdict_missing")
                )
        return cleaned

    @property
    def remarks(self) -> dict[int, RemarkGiven]:
        """What is sent. A comment on a requirement that was left open goes with the acceptance of the whole."""
        return {
            pk: RemarkGiven(remark.verdict or Verdict.ACCEPTED.value, remark.text)
            for pk, remark in self.written.items()
            if any(remark)
        }


class DeclineForm(forms.Form):
    """Why a proposal is not confirmed."""

    reason = forms.CharField(
        label=gettext_lazy("不同意的理由"),
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


def _as_initial(draft: ReviewDraft) -> dict[str, Any]:
    initial: dict[str, Any] = {"revision": draft.revision, "comment": draft.comment}
    for pk, remark in draft.given.items():
        initial |= {f"verdict_{pk}": remark.verdict, f"text_{pk}": remark.text}
    return initial
