"""What people type about a stored file."""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vault.models import StoredFile

TAGS_MAX = 10
TAG_MAX = 30
SEPARATORS = re.compile(r"[,，、;；\r\n]+")
# A validity outside of these years is a slip of the keyboard.
YEARS_BACK, YEARS_AHEAD = 20, 50


class TagsField(forms.CharField):
    """Tags as people type them, in one line; as a list, without repetitions, in the order typed."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        tags = [tag for part in SEPARATORS.split(text) if (tag := _readable(part))]
        return list({tag.casefold(): tag for tag in reversed(tags)}.values())[::-1]

    def prepare_value(self, value: Any) -> Any:
        return "、".join(value) if isinstance(value, list) else value

    def validate(self, value: list[str]) -> None:
        super().validate(value)
        if len(value) > TAGS_MAX:
            raise ValidationError(
                _("最多 %(max)s 个标签，现有 %(count)s 个。") % {"max": TAGS_MAX, "count": len(value)}
            )
        for tag in value:
            if len(tag) > TAG_MAX:
                raise ValidationError(_("标签“%(tag)s”超过 %(max)s 个字，请缩短。") % {"tag": tag, "max": TAG_MAX})


def _readable(tag: str) -> str:
    """One form of equal-looking characters, no invisible ones, single spaces."""
    same = unicodedata.normalize("NFKC", tag)
    visible = "".join(c for c in same if c.isspace() or unicodedata.category(c)[0] != "C")
    return " ".join(visible.split())


class DescriptionForm(forms.Form):
    """Tags and validity; `seen` is what the page showed, so that nobody's change is overwritten unseen."""

    tags = TagsField(
        label=gettext_lazy("标签"),
        required=False,
        max_length=1000,
        help_text=gettext_lazy("用顿号或逗号分隔，最多 10 个，每个不超过 30 字。"),
        widget=forms.TextInput(attrs={"list": "known-tags", "autocomplete": "off"}),
    )
    expires_on = forms.DateField(
        label=gettext_lazy("证书有效期至"),
        required=False,
        help_text=gettext_lazy("有有效期的证书、报告填写此项；到期前 30 天、7 天、1 天和当日会提醒。留空则不提醒。"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    seen = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, stored: StoredFile, known_tags: Iterable[str] = (), **kwargs: Any) -> None:
        initial = {"tags": stored.tags, "expires_on": stored.expires_on, "seen": stored.description}
        super().__init__(*args, initial=initial, **kwargs)
        # Browsers replace the whole line by a suggestion, so each holds the tags that are there already.
        own = {tag.casefold() for tag in stored.tags}
        self.suggestions = ["、".join([*stored.tags, tag]) for tag in known_tags if tag.casefold() not in own]

    def clean_expires_on(self) -> datetime.date | None:
        day, today = self.cleaned_data["expires_on"], timezone.localdate()
        if day and not today.year - YEARS_BACK <= day.year <= today.year + YEARS_AHEAD:
            raise ValidationError(
                _("有效期 %(day)s 不合常理，请核对年份（%(first)s 至 %(last)s 年）。")
                % {"day": day.isoformat(), "first": today.year - YEARS_BACK, "last": today.year + YEARS_AHEAD}
            )
        return day

    def over(self, stored: StoredFile) -> DescriptionForm:
        """The same typed text over what others saved meanwhile: saved again, it replaces that."""
        self.data = self.data.copy()
        self.data["seen"] = stored.description
        return self
