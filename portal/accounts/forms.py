"""What people type about people."""

from __future__ import annotations

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.accounts.addresses import EmailAddressField
from portal.accounts.enums import AUTHORITY_ROLES, INSTITUTION_ROLES, ListPage, Role
from portal.accounts.models import Invitation, Membership, User


class InvitationForm(forms.ModelForm):
    """An address, a name, and a role that fits the body."""

    class Meta:
        model = Invitation
        fields = ["name", "email", "role"]
        field_classes = {"email": EmailAddressField}

    def __init__(self, *args, body, **kwargs):
        super().__init__(*args, **kwargs)
        self.body = body
        roles = AUTHORITY_ROLES if hasattr(body, "kinds") else INSTITUTION_ROLES
        self.fields["role"].choices = [(role.value, role.label) for role in map(Role, roles)]

    def clean_email(self) -> str:
        email = self.cleaned_data["email"]
        if Membership.objects.filter(
            user__email__iexact=email, is_active=True, **{self.body._meta.model_name: self.body}
        ).exists():
            raise ValidationError(_("此人已在本单位，无需再次邀请。"), code="member")
        return email


class AcceptInvitationForm(forms.Form):
    """A password for a new account, typed twice."""

    password = forms.CharField(
        label=gettext_lazy("设置密码"),
        help_text=gettext_lazy("至少12个字符，不要使用常见密码。"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    repeated = forms.CharField(
        label=gettext_lazy("再次输入密码"), widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )

    def clean_password(self) -> str:
        password = self.cleaned_data["password"]
        validate_password(password)
        return password

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("password") and cleaned.get("repeated") != cleaned["password"]:
            self.add_error("repeated", _("两次输入的密码不一致，请重新输入。"))
        return cleaned


class ProfileForm(forms.ModelForm):
    """How one is named, and the language of pages and mail."""

    class Meta:
        model = User
        fields = ["name", "language"]


class ViewNameForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("视图名称"),
        max_length=40,
        error_messages={"required": gettext_lazy("请填写视图名称。")},
    )


class SavedViewForm(ViewNameForm):
    """A name for the filters of a list. `overwrite` says that an older view of that name may go."""

    page = forms.ChoiceField(choices=ListPage.choices, widget=forms.HiddenInput)
    query = forms.CharField(required=False, max_length=2000, widget=forms.HiddenInput)
    shared = forms.BooleanField(label=gettext_lazy("与本单位人员共享"), required=False)
    overwrite = forms.BooleanField(required=False, widget=forms.HiddenInput)


class SeenForm(forms.Form):
    """Until when what changed was seen: the moment at which the page was made."""

    until = forms.DateTimeField(widget=forms.HiddenInput)
