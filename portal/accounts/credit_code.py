"""The unified social credit code (统一社会信用代码), after GB 32100-2015."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
WEIGHTS = [3**position % 31 for position in range(17)]


def check_character(first_17: str) -> str:
    """The 18th character for the first 17 (GB 32100-2015, appendix: MOD 31)."""
    total = sum(ALPHABET.index(character) * weight for character, weight in zip(first_17, WEIGHTS, strict=True))
    return ALPHABET[-total % 31]


def validate_credit_code(value: str) -> None:
    """Refuse a code of the wrong length, with a character outside the alphabet, or with a wrong check digit."""
    if len(value) != 18 or any(character not in ALPHABET for character in value):
        raise ValidationError(_("统一社会信用代码应为18位数字或大写字母（不含I、O、S、V、Z）。"), code="form")
    if check_character(value[:17]) != value[17]:
        raise ValidationError(_("统一社会信用代码的校验位不正确，请核对。"), code="check")
