"""The picture of institutions × tasks on paper: every mark once, in its place, whatever the size."""

import re
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from reports.contents.matrix_pages import CELL, COLUMNS, GAP, HEAD, LABELS, MARK, ROWS, Row, matrix_pages
from reports.progress import Condition

INSET = (CELL - GAP - MARK) // 2


@st.composite
def matrices(draw):
    columns = draw(st.sampled_from([1, 3, COLUMNS, COLUMNS + 2]))
    count = draw(st.sampled_from([1, 2, ROWS, ROWS + 1]))
    conditions = st.lists(st.sampled_from(Condition), min_size=columns, max_size=columns)
    few = draw(st.lists(conditions, min_size=1, max_size=4))
    return [Row(f"机构{n}", few[n % len(few)]) for n in range(count)], [str(n + 1) for n in range(columns)]


def marks_on(page):
    """The condition at each place, as (row, column) of the page."""
    found = {}
    for layer in page.layers:
        for x, y in re.findall(r"M(\d+) (\d+)" + re.escape(layer.mark.shape), layer.marks):
            place = (int(y) - HEAD - INSET) // CELL, (int(x) - LABELS - INSET) // CELL
            assert place not in found
            found[place] = layer.mark.label
    return found


@settings(max_examples=25)
@given(matrices())
def test_every_mark_stands_once_in_its_place(drawn):
    rows, heads = drawn
    pages = matrix_pages(rows, heads)
    seen = Counter()
    for page in pages:
        columns = [int(head.text) - 1 for head in page.heads]
        marks = marks_on(page)
        for (row, column), label in marks.items():
            at = page.first - 1 + row, columns[column]
            assert rows[at[0]].conditions[at[1]].label == label
            seen[at] += 1
        assert len(page.names) == page.last - page.first + 1 <= ROWS
    assert seen == Counter((n, m) for n in range(len(rows)) for m in range(len(heads)))


def test_a_ground_covers_neighbours_of_one_condition():
    (page,) = matrix_pages([Row("机构", [Condition.DONE, Condition.DONE, Condition.OVERDUE])], ["1", "2", "3"])
    grounds = {layer.mark.name: layer.grounds for layer in page.layers}
    assert grounds["done"] == f"M{LABELS} {HEAD}h{2 * CELL - GAP}v{CELL - GAP}h-{2 * CELL - GAP}z"
    assert grounds["overdue"].count("M") == 1


def test_nothing_to_show():
    assert matrix_pages([], ["1"]) == []
