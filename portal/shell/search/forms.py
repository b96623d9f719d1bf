from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _

from portal.bigrams import folded
from portal.shell.search.groups import GROUPS

MAX_LENGTH = 100
TOO_LONG = _("关键词最长 %(limit_value)d 个字，现有 %(show_value)d 个字。请缩短后重试。")


class WordsField(forms.CharField):
    """Words to look for. What a search does not compare, such as spaces alone or NUL, is no word."""

    default_error_messages = {"required": _("请输入要查找的内容。")}

    def to_python(self, value: Any) -> str:
        text = super().to_python(value).replace("\0", "").strip()
        return text if folded(text) else ""


class SearchForm(forms.Form):
    """The browser refuses words that are too long, and keeps them: a longer address would not reach the portal."""

    q = WordsField(
        label=_("关键词"),
        help_text=_("任务或要求的序号、名称，机构的名称或统一社会信用代码，材料的名称或正文，说明和意见里的话"),
        validators=[MaxLengthValidator(MAX_LENGTH, message=TOO_LONG)],
        widget=forms.TextInput(
            attrs={
                "type": "search",
                "autocomplete": "off",
                "pattern": f".{{1,{MAX_LENGTH}}}",
                "title": _("最长 100 个字"),
            }
        ),
    )
    group = forms.ChoiceField(
        required=False, choices=[(group.key, group.label) for group in GROUPS], widget=forms.HiddenInput
    )
    page = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)
