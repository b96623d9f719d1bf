"""Random stages and days for the property tests of reminders."""

import datetime

from hypothesis import strategies as st

from portal.notices.enums import Addressee, DayUnit
from portal.notices.reminders.stages import MAX_OFFSET, Stage

# Holidays known and estimated, with the turns of years and 29 February among them.
days = st.dates(datetime.date(2024, 1, 1), datetime.date(2029, 12, 31))
addressees = st.lists(st.sampled_from(Addressee), min_size=1, unique=True).map(tuple)


@st.composite
def stages(draw, limit: int = MAX_OFFSET) -> Stage:
    offset = draw(st.integers(-limit, limit))
    unit = draw(st.sampled_from(DayUnit))
    repeats = offset > 0 and unit == DayUnit.CALENDAR
    every = draw(st.one_of(st.just(0), st.integers(7, 30))) if repeats else 0
    return Stage(offset, unit, draw(addressees), every, draw(st.one_of(st.none(), st.integers(1, 40))))


def rules(limit: int = MAX_OFFSET) -> st.SearchStrategy[tuple[Stage, ...]]:
    """Stages of which none says the same to the same people as another: the forms refuse that."""
    return st.lists(stages(limit), min_size=1, max_size=5, unique_by=lambda stage: stage.label).map(tuple)
