from __future__ import annotations

import base64
from collections.abc import Container, Iterable
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from plan.models import Requirement
from portal.accounts.reauthentication import PasswordAgainForm
from portal.audit.canonical import canonical_json, digests
from tasks.actions import Draft
from tasks.models import Statement
from tasks.querysets import EvidenceQuerySet
from tasks.signing import as_field, from_field, shown_digests
from vault.models import StoredFile
from vault.querysets import StoredFileQuerySet

STATEMENT_MAX = 5000


class StatementsForm(forms.Form):
    """All statements of an assignment at once, each with the revision of the text it was typed over.

    `returned` are the ids of the requirements whose reason of return wants a reply.
    """

    def __init__(
        self,
        *args,
        requirements: Iterable[Requirement],
        statements: dict[int, Statement],
        returned: Container[int] = (),
        **kwargs,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.requirements = list(requirements)
        self.returned = returned
        for requirement in self.requirements:
            statement = statements.get(requirement.pk)
            words = _("%(reference)s 落实情况说明") % {"reference": requirement.reference}
            self.fields[f"text-{requirement.pk}"] = _typed(words, statement.text if statement else "", rows=4)
            if requirement.pk in returned:
                words = _("%(reference)s 对退回理由的答复") % {"reference": requirement.reference}
                self.fields[f"reply-{requirement.pk}"] = _typed(words, statement.reply if statement else "", rows=3)
            self.fields[f"revision-{requirement.pk}"] = forms.IntegerField(
                min_value=0,
                initial=statement.revision if statement else 0,
                widget=forms.HiddenInput(attrs={"form": "statements"}),
            )

    def text_of(self, requirement: Requirement) -> forms.BoundField:
        return self[f"text-{requirement.pk}"]

    def reply_of(self, requirement: Requirement) -> forms.BoundField | None:
        """None where nothing was returned."""
        return self[f"reply-{requirement.pk}"] if requirement.pk in self.returned else None

    def revision_of(self, requirement: Requirement) -> forms.BoundField:
        return self[f"revision-{requirement.pk}"]

    @property
    def drafts(self) -> dict[int, Draft]:
        """By requirement id. Browsers send line ends as CR LF; what is signed holds LF."""
        data = self.cleaned_data
        return {
            r.pk: Draft(
                data[f"text-{r.pk}"].replace("\r\n", "\n"),
                data[f"revision-{r.pk}"],
                data[f"reply-{r.pk}"].replace("\r\n", "\n") if r.pk in self.returned else None,
            )
            for r in self.requirements
        }

    def based_on(self, statements: dict[int, Statement]) -> StatementsForm:
        """The same typed text over newer statements: saved again, it replaces them."""
        data = self.data.copy()
        for requirement, statement in statements.items():
            data[f"revision-{requirement}"] = statement.revision
        form = StatementsForm(data, requirements=self.requirements, statements=statements, returned=self.returned)
        form.full_clean()
        return form


def _typed(label: str, text: str, *, rows: int) -> forms.CharField:
    # The files of a requirement stand between the statements and upload by forms of their own, so the fields name
    # the form they belong to.
    return forms.CharField(
        label=label,
        required=False,
        max_length=STATEMENT_MAX,
        initial=text,
        widget=forms.Textarea(attrs={"rows": rows, "form": "statements"}),
    )


class _FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class _FilesField(forms.FileField):
    """One or more files. What they are is told by their content, when they are stored."""

    def __init__(self, **kwargs) -> None:
        super().__init__(widget=_FilesInput, allow_empty_file=True, **kwargs)

    def clean(self, data, initial=None) -> list[UploadedFile]:
        if not data:
            raise ValidationError(self.error_messages["required"], code="required")
        return [super(_FilesField, self).clean(file, initial) for file in data]


class EvidenceForm(forms.Form):
    """Its field is named `file` on every requirement's form; the prefix of the id tells them apart."""

    file = _FilesField(
        label=gettext_lazy("证明材料"),
        error_messages={"required": gettext_lazy("未选择文件。请选择要上传的文件。")},
    )

    def __init__(self, *args, requirement: Requirement, is_single: bool = False, **kwargs) -> None:
        super().__init__(*args, auto_id=f"id_%s_{requirement.pk}", **kwargs)
        self.is_single = is_single
        kinds = _("PDF、OFD、Office 或 WPS 文档、图片、文本、CSV、ZIP，单个不超过 %(limit)s")
        several = _("PDF、OFD、Office 或 WPS 文档、图片、文本、CSV、ZIP，单个不超过 %(limit)s，可多选")
        limit = {"limit": filesizeformat(settings.EVIDENCE_MAX_BYTES)}
        self.fields["file"].help_text = (kinds if is_single else several) % limit

    def clean_file(self) -> list[UploadedFile]:
        files = self.cleaned_data["file"]
        if self.is_single and len(files) > 1:
            raise ValidationError(_("只能选择一个文件来替换。"), code="several")
        return files


class UploadForm(forms.Form):
    """What an upload piece by piece announces. `size` in bytes; `replaces` is one of the `current` files."""

    name = forms.CharField(max_length=255)
    size = forms.IntegerField(min_value=0, max_value=2**63 - 1)
    replaces = forms.ModelChoiceField(
        queryset=None,
        required=False,
        error_messages={"invalid_choice": gettext_lazy("要替换的文件已被撤回或替换。请刷新页面后再试。")},
    )

    def __init__(self, *args, current: EvidenceQuerySet, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["replaces"].queryset = current


class PieceForm(forms.Form):
    """Where a piece begins, in bytes, and its digest: `sha256`, a space, and base64."""

    at = forms.IntegerField(min_value=0, max_value=2**63 - 1)
    sha256 = forms.RegexField(r"^sha256 [A-Za-z0-9+/]{43}=$", required=False)

    def clean_sha256(self) -> bytes | None:
        said = self.cleaned_data["sha256"]
        return base64.b64decode(said.removeprefix("sha256 ")) if said else None


class ShownFilesForm(forms.Form):
    """What a page shows of a requirement's files: how many wait for their check, and whether checks are held up."""

    waiting = forms.IntegerField(min_value=0, max_value=1_000_000)
    is_held_up = forms.BooleanField(required=False)


class WalkForm(forms.Form):
    """Through the files of which submission one walks; the newest, or the task's own, when it is not said."""

    submission = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


class ReuseForm(forms.Form):
    """Files of the institution, of which some are chosen for a requirement."""

    files = forms.ModelMultipleChoiceField(
        StoredFile.objects.none(),
        label=gettext_lazy("要选用的文件"),
        error_messages={
            "required": gettext_lazy("未选择文件。请勾选要选用的文件。"),
            "invalid_choice": gettext_lazy("所选文件中有的已不可用，或已用于本要求。请重新勾选。"),
        },
    )

    def __init__(self, *args, offered: QuerySet[StoredFile], **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["files"].queryset = offered


class ReasonField(forms.CharField):
    """Why, in the person's own words. `missing` is said to who gives none."""

    def __init__(self, *, missing: Promise, max_length: int = 2000, **kwargs) -> None:
        super().__init__(
            max_length=max_length,
            widget=forms.Textarea(attrs={"rows": 4}),
            error_messages={"required": missing},
            **kwargs,
        )


class SignForm(PasswordAgainForm):
    """The digests of what the page showed, as a whole and by requirement: another content is not signed."""

    seen_sha256 = forms.RegexField(r"^[0-9a-f]{64}$", widget=forms.HiddenInput)
    shown = forms.CharField(required=False, max_length=100_000, widget=forms.HiddenInput)

    refused: SignForm | None = None

    @classmethod
    def of(
        cls,
        request: HttpRequest,
        content: dict[str, Any],
        entries: Iterable[dict[str, Any]],
        refused: SignForm | None = None,
    ) -> SignForm:
        """The form below that content, whose requirements are `entries`; `refused` is what was sent and not signed."""
        sha256 = digests(canonical_json(content)).sha256
        form = cls(initial={"seen_sha256": sha256, "shown": as_field(shown_digests(entries))}, request=request)
        form.refused = refused
        return form

    @property
    def password_again(self) -> forms.BoundField | None:
        """The field for the password, with what was wrong with the last one; None for people without one."""
        return (self.refused or self)["password"] if "password" in self.fields else None

    def clean_shown(self) -> dict[str, str]:
        return from_field(self.cleaned_data["shown"])

    @property
    def signature(self) -> dict[str, Any]:
        """What `sign` is told, once the form is valid."""
        data = self.cleaned_data
        return {"seen_sha256": data["seen_sha256"], "shown": data["shown"], "reauthenticated": self.means}

    @property
    def trouble(self) -> str:
        """What is wrong with the page itself rather than with what was typed; it has no field to stand at."""
        return _("页面内容不完整，未签署。请重新核对后再签署。") if {"seen_sha256", "shown"} & set(self.errors) else ""


class SendBackForm(forms.Form):
    reason = ReasonField(
        label=gettext_lazy("退回填报人的理由"),
        help_text=gettext_lazy("填报人会看到此理由，监管单位看不到。"),
        missing=gettext_lazy("请填写退回的理由。"),
    )


class ExemptForm(forms.Form):
    reason = ReasonField(
        label=gettext_lazy("认定不适用的理由"),
        help_text=gettext_lazy("机构会看到此理由，并记入审计日志。"),
        missing=gettext_lazy("请填写认定不适用的理由。"),
    )


class ChosenFilesForm(forms.Form):
    """Stored files chosen from a list; `files` are all that may be chosen."""

    file = forms.ModelMultipleChoiceField(queryset=StoredFile.objects.none(), widget=forms.MultipleHiddenInput)

    def __init__(self, *args, files: StoredFileQuerySet, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].queryset = files


class DeletionForm(ChosenFilesForm):
    reason = ReasonField(
        label=gettext_lazy("删除理由"),
        help_text=gettext_lazy("机构会看到此理由，并记入审计日志。"),
        missing=gettext_lazy("请填写删除理由。"),
    )


class HoldForm(forms.Form):
    reason = ReasonField(
        label=gettext_lazy("保全理由"),
        help_text=gettext_lazy("只有监管人员看到此理由；记入审计日志。"),
        missing=gettext_lazy("请填写保全理由。"),
    )
