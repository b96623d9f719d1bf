"""What a person types of the ways by which they are told."""

from __future__ import annotations

import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.accounts.models import User
from portal.notices.enums import Channel, Pace
from portal.notices.models import Route
from portal.notices.ways import Way
from portal.notices.webhooks import BadTarget, check_target

# A WeCom robot is known by its address alone.
SIGNED = (Channel.DINGTALK, Channel.WEBHOOK)
HIDDEN = "••••••"


class LanguageForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ["language"]


class WayForm(forms.Form):
    """One channel. What is saved of an address or a secret is kept where the field is left empty."""

    is_active = forms.BooleanField(label=gettext_lazy("使用此方式"), required=False)
    address = forms.CharField(label=gettext_lazy("Webhook 地址"), required=False, max_length=500)
    secret = forms.CharField(
        label=gettext_lazy("签名密钥"),
        required=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    pace = forms.ChoiceField(label=gettext_lazy("频率"), choices=Pace)
    statutory_only = forms.BooleanField(
        label=gettext_lazy("只发送期限提醒、退回、催办、整改等必须知晓的通知"), required=False
    )

    def __init__(self, *args, channel: Channel, route: Route | None, is_default: bool, **kwargs) -> None:
        initial = {"is_active": is_default, "pace": Pace.AT_ONCE}
        if route:
            initial = {"is_active": route.is_active, "pace": route.pace, "statutory_only": route.statutory_only}
        super().__init__(*args, prefix=channel, initial=initial, **kwargs)
        self.channel, self.route = channel, route
        if channel == Channel.EMAIL:
            del self.fields["address"]
        elif route:
            shown = _("已设置：%(address)s，留空则不变") % {"address": masked(route.address)}
            self.fields["address"].widget.attrs["placeholder"] = shown
        if channel not in SIGNED:
            del self.fields["secret"]
        elif route and route.secret:
            self.fields["secret"].widget.attrs["placeholder"] = _("已设置，留空则不变")

    def clean_address(self) -> str:
        address = self.cleaned_data["address"]
        if not address:
            return ""
        for character in address:
            if character.isspace() or unicodedata.category(character) == "Cc":
                raise ValidationError(_("地址中有空格或换行，请删除后重试。"))
            if not character.isascii():
                raise ValidationError(
                    _("地址中有全角或中文字符“%(character)s”，请改为半角字符。") % {"character": character}
                )
        try:
            check_target(address)
        except BadTarget as error:
            raise ValidationError(error.messages) from error
        return address

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        needs_address = self.channel != Channel.EMAIL and not self.route
        if cleaned.get("is_active") and needs_address and not cleaned.get("address") and "address" not in self.errors:
            self.add_error("address", _("请填写 Webhook 地址，或不使用此方式。"))
        return cleaned

    @property
    def may_be_tested(self) -> bool:
        return bool(self.route and self.route.address)

    @property
    def way(self) -> Way:
        data = self.cleaned_data
        return Way(
            channel=self.channel,
            is_active=data["is_active"],
            pace=Pace(data["pace"]),
            statutory_only=data["statutory_only"],
            address=data.get("address", ""),
            secret=data.get("secret", ""),
        )


def masked(address: str) -> str:
    """Enough to be recognised by, not enough to post to."""
    scheme, _separator, rest = address.partition("://")
    host = rest.partition("/")[0]
    return f"{scheme}://{host}/{HIDDEN}{address[-4:]}" if len(rest) > len(host) + 12 else f"{scheme}://{host}/{HIDDEN}"


def one_is_active(forms_: list[WayForm]) -> bool:
    """Whether a way remains; says beside e-mail's switch if not. What one must know of cannot be switched off."""
    if any(form.cleaned_data.get("is_active") for form in forms_):
        return True
    message = _("至少使用一种方式：期限提醒、退回、催办等通知必须送达，不能全部关闭。")
    forms_[0].add_error("is_active", message)
    return False
