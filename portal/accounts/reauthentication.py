"""Asking once more who somebody is, before a signature.

People with a password give it in the signing form itself, and allauth checks it and counts the attempts. Others go
to allauth's own page and come back.
"""

from __future__ import annotations

from urllib.parse import urlencode

from allauth.account.forms import ReauthenticateForm
from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate
from allauth.core import ratelimit
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


class PasswordAgainForm(ReauthenticateForm):
    """The signed-in person's password. To inherit from: without a password to ask for, the field is left out."""

    def __init__(self, *args, request: HttpRequest, **kwargs) -> None:
        super().__init__(*args, user=request.user, **kwargs)
        self.request = request
        if self.user.has_usable_password():
            field = self.fields["password"]
            field.label = gettext_lazy("您的登录密码")
            field.help_text = gettext_lazy("签署前再次确认身份。密码只用于核对，不会保存。")
            field.error_messages["required"] = gettext_lazy("请输入您的登录密码。")
        else:
            del self.fields["password"]

    def clean_password(self) -> str:
        if not ratelimit.consume(self.request, action="reauthenticate", user=self.user):
            raise ValidationError(_("密码输入次数过多，未签署。请过几分钟再试。"), code="rate_limited")
        try:
            return super().clean_password()
        except ValidationError as refused:
            if refused.code == "too_many_login_attempts":
                raise ValidationError(_("密码输入次数过多，未签署。请过几分钟再试。"), code="rate_limited") from None
            raise ValidationError(_("密码不正确，未签署。请重新输入您的登录密码。"), code=refused.code) from None

    @property
    def means(self) -> str:
        """How the person proved it, for the audit trail."""
        return "password" if "password" in self.fields else "session"


def sent_to_confirm(request: HttpRequest) -> HttpResponse | None:
    """The way to allauth's page, for somebody without a password who did not confirm lately; None for all others."""
    if request.user.has_usable_password() or did_recently_reauthenticate(request):
        return None
    return HttpResponseRedirect(f"{reverse('account_reauthenticate')}?{urlencode({'next': request.get_full_path()})}")
