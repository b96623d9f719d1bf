"""E-mail addresses as people type them with a Chinese keyboard."""

from __future__ import annotations

import unicodedata

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _


def half_width(address: str) -> str:
    """Full-width letters, digits and signs, and the Chinese full stop, in the form that mail servers know."""
    return unicodedata.normalize("NFKC", address.replace("。", "."))


class EmailAddressField(forms.EmailField):
    """Refuses what is full-width with the form that was probably meant, instead of just calling it wrong."""

    def clean(self, value):
        typed = str(value or "").strip()
        meant = half_width(typed)
        if meant != typed:
            message = _("邮箱地址中有全角字符，请改用半角：%(address)s")
            raise ValidationError(message, code="full_width", params={"address": meant})
        return super().clean(value)
