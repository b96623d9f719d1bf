"""Numbers as people type them: full-width digits, thousands separators, spaces around."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

HALF_WIDTH = str.maketrans("０１２３４５６７８９，．－＋％−　\u00a0\u202f", "0123456789,.-+%-   ")
NUMBER = re.compile(r"(?P<sign>[-+]?)(?P<whole>[0-9]{1,3}(,[0-9]{3})+|[0-9]+)(\.(?P<fraction>[0-9]*))?")
WHOLE_DIGITS = 16
PLACES = 2


def parse_number(text: str) -> Decimal:
    """An exact decimal with at most 16 digits before the point and two after it.

    Raises ValidationError with what to do. Never guesses: 1,23 or 5万 is refused, not read as something else.
    """
    plain = text.translate(HALF_WIDTH).strip()
    if plain.endswith("%"):
        raise ValidationError(_("请填写数值本身，不要带百分号；百分比由系统计算。"), code="percent")
    found = NUMBER.fullmatch(plain)
    if not found:
        raise ValidationError(
            _("“%(text)s”不是数字。请只填写数字，可带小数点和千位分隔符，例如 1,234.50。") % {"text": text[:40]},
            code="invalid",
        )
    whole = found["whole"].replace(",", "").lstrip("0") or "0"
    fraction = (found["fraction"] or "").rstrip("0")
    if len(whole) > WHOLE_DIGITS:
        raise ValidationError(_("数字过大：小数点前最多 %(digits)s 位。") % {"digits": WHOLE_DIGITS}, code="too_large")
    if len(fraction) > PLACES:
        raise ValidationError(_("最多填写 %(places)s 位小数。") % {"places": PLACES}, code="places")
    sign = "-" if found["sign"] == "-" and (whole != "0" or fraction) else ""
    return Decimal(f"{sign}{whole}.{fraction or '0'}").quantize(Decimal(1).scaleb(-PLACES))


class NumberField(forms.CharField):
    """A decimal number; `is_positive_only` refuses what is below zero."""

    def __init__(self, *, is_positive_only: bool = False, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 60)
        kwargs.setdefault("empty_value", None)
        kwargs.setdefault("widget", forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}))
        super().__init__(**kwargs)
        self.is_positive_only = is_positive_only

    def clean(self, value: Any) -> Decimal | None:
        text = super().clean(value)
        if text is None:
            return None
        number = parse_number(text)
        if self.is_positive_only and number < 0:
            raise ValidationError(_("不能为负数。"), code="negative")
        return number

    def prepare_value(self, value: Any) -> Any:
        """A stored number without needless zeros; what was typed, as it was typed."""
        if not isinstance(value, Decimal):
            return value
        text = format(value, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
