"""Numbers as people type them."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from assessments.fields import NumberField, parse_number

FULL_WIDTH = str.maketrans("0123456789,.-", "０１２３４５６７８９，．－")
numbers = st.decimals(min_value=-(10**16) + 1, max_value=10**16 - 1, places=2, allow_nan=False)


@given(numbers)
def test_what_is_shown_is_read_back_exactly(number):
    assert parse_number(f"{number:f}") == number
    assert parse_number(f" {number:,f} ") == number
    assert parse_number(f"{number:,f}".translate(FULL_WIDTH)) == number
    assert NumberField(required=False).clean(NumberField().prepare_value(number)) == number


@given(st.text(max_size=30))
def test_anything_else_is_refused_with_words_and_never_guessed(text):
    try:
        number = parse_number(text)
    except ValidationError as error:
        assert error.messages[0]
        return
    assert number.is_finite()
    assert -number.as_tuple().exponent == 2
    assert any(character in "0123456789０１２３４５６７８９" for character in text)


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "Infinity",
        "-inf",
        "1e5",
        "1,23",
        "1,2345",
        "12,34,567",
        "5万",
        "１２．３．４",
        "٣",
        "5²",
        "½",
        ".5",
        "0x10",
        "1 2",
    ],
)
def test_what_looks_like_a_number_and_is_none(text):
    with pytest.raises(ValidationError) as caught:
        parse_number(text)
    assert caught.value.code == "invalid"


@pytest.mark.parametrize(
    ("text", "code"),
    [("12.345", "places"), ("1" * 17, "too_large"), ("25%", "percent"), ("25％", "percent")],
)
def test_a_number_that_cannot_be_kept_says_why(text, code):
    with pytest.raises(ValidationError) as caught:
        parse_number(text)
    assert caught.value.code == code


@pytest.mark.parametrize(("text", "value"), [("007", "7"), ("1.500", "1.5"), ("-0", "0"), ("+3", "3"), ("5.", "5")])
def test_zeros_and_signs_without_meaning_are_dropped(text, value):
    assert str(parse_number(text)) == f"{Decimal(value):.2f}"


def test_a_field_may_refuse_what_is_below_zero():
    field = NumberField(is_positive_only=True, required=False)
    assert field.clean("") is None
    assert field.clean("0") == 0
    with pytest.raises(ValidationError):
        field.clean("−1")
