"""Every figure of the portal, defined once. Pages, PDFs and the API all read it from here.

The functions take rows that already came through `visible_to`, so a figure never counts a row that its reader may
not see, and a day, so that everything on one page or in one report speaks of the same day. Counting is SQL's work:
the cells of theme × kind come from one grouped scan, however many institutions there are.
"""

from reports.progress.conditions import (
    AT_RISK_RULE,
    CONDITION_RULE,
    CONDITIONS_RULE,
    DAYS_LATE,
    RED_ABOVE,
    Condition,
    Lateness,
    condition_among,
    condition_of,
)
from reports.progress.course import COURSE_RULE, Week, course, stood
from reports.progress.days import last_half_year
from reports.progress.figures import (
    ACCEPTED_SHARE_RULE,
    OVERDUE_RULE,
    Figures,
    Line,
    Progress,
    in_words,
    percent,
    summed,
)
from reports.progress.institutions import Standing, standings, worst_first
from reports.progress.maturity import MATURITY_RULE, Maturity, cycle_by, maturity, mean_level
from reports.progress.measuring import by_region, measure, measure_scope
from reports.progress.positions import AGES, AGES_RULE, REACHED_RULE, Position, Reached, position
from reports.progress.rows import (
    HISTORY,
    SOON_DAYS,
    Bounded,
    Late,
    as_assignment,
    by_institution,
    days_late,
    nearest_deadlines,
    open_returns,
    overdue_list,
    plan_in_force,
    to_do,
    with_history,
)

__all__ = [
    "ACCEPTED_SHARE_RULE",
    "AGES",
    "AGES_RULE",
    "AT_RISK_RULE",
    "CONDITIONS_RULE",
    "CONDITION_RULE",
    "COURSE_RULE",
    "DAYS_LATE",
    "HISTORY",
    "MATURITY_RULE",
    "OVERDUE_RULE",
    "REACHED_RULE",
    "RED_ABOVE",
    "SOON_DAYS",
    "Bounded",
    "Condition",
    "Figures",
    "Late",
    "Lateness",
    "Line",
    "Maturity",
    "Position",
    "Progress",
    "Reached",
    "Standing",
    "Week",
    "as_assignment",
    "by_institution",
    "by_region",
    "condition_among",
    "condition_of",
    "course",
    "cycle_by",
    "days_late",
    "in_words",
    "last_half_year",
    "maturity",
    "mean_level",
    "measure",
    "measure_scope",
    "nearest_deadlines",
    "open_returns",
    "overdue_list",
    "percent",
    "plan_in_force",
    "position",
    "standings",
    "stood",
    "summed",
    "to_do",
    "with_history",
    "worst_first",
]
