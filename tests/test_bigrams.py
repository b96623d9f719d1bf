import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.bigrams import bigrams


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("应急预案", ["应急", "急预", "预案"]),
        ("应急\n 预案", ["应急", "急预", "预案"]),
        ("ＡＢc", ["ab", "bc"]),
        ("哈哈哈", ["哈哈"]),
        ("甲", ["甲"]),
        (" \0\n", []),
        ("", []),
    ],
)
def test_pairs(text, pairs):
    assert bigrams(text) == pairs


@given(st.text(), st.text(min_size=2), st.text())
def test_a_document_holds_the_pairs_of_each_word_in_it(before, word, after):
    # Characters that combine across the seam make others of both: such words are not what people look for.
    found = set(bigrams(f"{before}。{word}。{after}"))
    assert set(bigrams(f"。{word}。")) <= found
    assert all(len(pair) <= 2 and "\0" not in pair for pair in found)
