import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from portal.accounts.credit_code import ALPHABET, check_character, validate_credit_code

CODES = st.text(ALPHABET, min_size=17, max_size=17).map(lambda first: first + check_character(first))


def test_the_worked_example_of_the_standard():
    """GB 32100-2015 works through 91350100M000100Y43."""
    assert check_character("91350100M000100Y4") == "3"


@given(CODES)
def test_a_code_with_its_check_digit_is_valid(code):
    validate_credit_code(code)


@given(CODES, st.integers(0, 17), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_noticed(code, place, character):
    wrong = code[:place] + character + code[place + 1 :]
    if wrong == code:
        return
    with pytest.raises(ValidationError):
        validate_credit_code(wrong)


@pytest.mark.parametrize("code", ["", "91350100M000100Y4", "91350100m000100y43", "91350100I000100Y43", "9" * 19])
def test_other_forms_are_refused(code):
    with pytest.raises(ValidationError):
        validate_credit_code(code)
