"""What a supervisor writes to institutions, and which rows were ticked for it."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.accounts.enums import INSTITUTION_ROLES
from portal.accounts.models import Institution
from portal.widgets import SearchSelect
from tasks.models import Assignment
from tasks.models.urgings import SUBJECT_LENGTH, TEXT_LENGTH
from tasks.urging import USUAL_ROLES, Selection
from tasks.urging_texts import WITHOUT_TASKS, Template, check_placeholders, message_of, usable_names

PREVIEW, APPLY, SEND = "preview", "apply", "send"


class TickedForm(forms.Form):
    """Rows ticked in the list of assignments, or in the list of institutions."""

    assignment = forms.ModelMultipleChoiceField(queryset=Assignment.objects.none(), required=False)
    institutions = forms.ModelMultipleChoiceField(queryset=Institution.objects.none(), required=False)

    def __init__(self, *args: Any, user, membership, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["assignment"].queryset = Assignment.objects.visible_to(user, acting=membership)
        self.fields["institutions"].queryset = Institution.objects.visible_to(user, acting=membership)


class TextField(forms.CharField):
    """Lines end as they are counted while one types: a browser sends two characters for each."""

    def to_python(self, value: Any) -> str:
        return super().to_python(value).replace("\r\n", "\n").replace("\r", "\n")


class UrgingForm(forms.Form):
    """`seen` says which figures the sender saw, `token` tells a second click from a second message."""

    template = forms.ChoiceField(label=gettext_lazy("模板"), required=False)
    subject = forms.CharField(
        label=gettext_lazy("标题"),
        max_length=SUBJECT_LENGTH,
        error_messages={"required": gettext_lazy("请填写标题。")},
    )
    text = TextField(
        label=gettext_lazy("内容"),
        max_length=TEXT_LENGTH,
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={"required": gettext_lazy("请填写内容。")},
    )
    roles = forms.MultipleChoiceField(
        label=gettext_lazy("发给"),
        choices=[(role.value, role.label) for role in INSTITUTION_ROLES],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("请至少选择一个角色。")},
    )
    shown = forms.ModelChoiceField(
        label=gettext_lazy("预览机构"),
        queryset=Institution.objects.none(),
        required=False,
        widget=SearchSelect("accounts:institution_options"),
        error_messages={"invalid_choice": gettext_lazy("该机构不在本次催办之列，请另选一家。")},
    )
    token = forms.UUIDField(widget=forms.HiddenInput)
    seen = forms.CharField(required=False, max_length=60)
    what = forms.ChoiceField(choices=[(what, what) for what in (PREVIEW, APPLY, SEND)])

    def __init__(self, data: Any = None, *, selection: Selection, template: Template) -> None:
        message = message_of(template)
        initial = {
            "template": template.value,
            "subject": message.subject,
            "text": message.text,
            "roles": [role.value for role in USUAL_ROLES],
            "token": uuid.uuid4(),
        }
        super().__init__(data, initial=initial)
        self.selection = selection
        offered = Template if selection.is_about_tasks else WITHOUT_TASKS
        self.fields["template"].choices = [(one.value, one.label) for one in offered]
        self.fields["shown"].queryset = selection.institutions
        names = _("、").join(usable_names(with_tasks=selection.is_about_tasks))
        help_text = _("至多 %(limit)s 字。占位符按机构分别填入：%(names)s。")
        if selection.is_about_tasks:
            help_text = _("至多 %(limit)s 字。占位符按机构分别填入：%(names)s。任务和期限指其中最早到期的一项。")
        self.fields["text"].help_text = help_text % {"limit": TEXT_LENGTH, "names": names}

    @property
    def chosen_roles(self) -> list[str]:
        """What is ticked, also while something else is wrong."""
        if not self.is_bound:
            return list(self.initial["roles"])
        known = {role.value for role in INSTITUTION_ROLES}
        return [role for role in self.data.getlist("roles") if role in known]

    @property
    def wants_template(self) -> Template | None:
        """The template to be filled in: the button beside the choice was pressed."""
        if self.is_bound and self.data.get("what") == APPLY and self.data.get("template") in Template.values:
            return Template(self.data["template"])
        return None

    def with_template(self, template: Template) -> UrgingForm:
        """The same form with the template's words in place of what was typed."""
        message = message_of(template)
        data = self.data.copy()
        data["subject"], data["text"] = message.subject, message.text
        return UrgingForm(data, selection=self.selection, template=template)

    def clean_subject(self) -> str:
        return self._checked("subject")

    def clean_text(self) -> str:
        return self._checked("text")

    def _checked(self, name: str) -> str:
        value = self.cleaned_data[name]
        check_placeholders(value, with_tasks=self.selection.is_about_tasks)
        return value
