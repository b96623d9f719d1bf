"""The bench's own arithmetic: limits, rows and medians."""

import pytest

from tests.bench.figures import FIGURES, Figure, Result, figure
from tests.bench.timing import interleaved, seconds


def of(limit: dict) -> Figure:
    return Figure("speed", lambda bench: 1.0, "×", limit.get("at_most"), limit.get("at_least"))


@pytest.mark.parametrize(
    ("limit", "value", "met"),
    [
        ({"at_most": 1.5}, 1.5, True),
        ({"at_most": 1.5}, 1.504, True),
        ({"at_most": 1.5}, 1.51, False),
        ({"at_least": 2}, 2, True),
        ({"at_least": 2}, 1.99, False),
    ],
)
def test_a_limit_is_kept_or_missed_by_the_value_that_is_printed(limit, value, met):
    result = Result(of(limit), value)
    assert result.is_met is met
    assert ("NOT MET" in result.row()) is not met
    assert result.as_json() == {"name": "speed", "value": value, "unit": "×", "limit": limit, "met": met}


def test_a_figure_without_a_limit_or_with_two_is_refused():
    for limits in ({}, {"at_most": 1, "at_least": 1}):
        with pytest.raises(TypeError):
            figure("nonsense", unit="s", **limits)
    assert "nonsense" not in FIGURES


def test_runs_interleave_and_the_first_rounds_do_not_count():
    order, times = [], iter([100.0, 1.0, 6.0, 2.0])

    def one() -> float:
        order.append("one")
        return next(times)

    def two() -> float:
        order.append("two")
        return 2.0

    taken = interleaved({"one": one, "two": two}, rounds=3, warm_up=1)
    assert order == ["one", "two", "two", "one"] * 2
    assert taken == {"one": [1.0, 6.0, 2.0], "two": [2.0, 2.0, 2.0]}
    assert taken.median("one") == 2.0
    assert taken.ratio("one", "two") == 1.0


def test_what_is_timed_runs_once():
    calls = []
    assert seconds(lambda: calls.append(1)) > 0
    assert calls == [1]
