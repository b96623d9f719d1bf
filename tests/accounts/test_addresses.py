"""Addresses typed with a Chinese keyboard."""

import pytest
from django.core.exceptions import ValidationError

from portal.accounts.addresses import EmailAddressField, half_width


@pytest.mark.parametrize(
    "typed", ["zhang＠firm.example", "zhang１@firm.example", "zhang@firm。example", "ｚhang@firm.example"]
)
def test_full_width_is_refused_with_what_was_meant(typed):
    with pytest.raises(ValidationError) as refused:
        EmailAddressField().clean(typed)
    assert refused.value.messages == [f"邮箱地址中有全角字符，请改用半角：{half_width(typed)}"]
    assert EmailAddressField().clean(half_width(typed)) == half_width(typed)


def test_other_addresses_are_judged_as_ever():
    assert EmailAddressField().clean(" zhang@firm.example ") == "zhang@firm.example"
    with pytest.raises(ValidationError, match="合法"):
        EmailAddressField().clean("zhang")
