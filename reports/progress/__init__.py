"""Every figure of the portal, defined once. Pages, PDFs and the API all read it from here.

The functions take rows that already came through `visible_to`, so a figure never counts a row that its reader may
not see, and a day, so that everything on one page or in one report speaks of the same day. Counting is SQL's work:
the cells of theme × kind come from one grouped scan, however many institutions there are.
"""

from reports.progress.figures import (
    ACCEPTED_SHARE_RULE,
    OVERDUE_RULE,
    Figures,
    Line,
    Progress,
    in_words,
    percent,
)
from reports.progress.measuring import by_region, measure, measure_scope
from reports.progress.rows import (
    SOON_DAYS,
    Bounded,
    Late,
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
    "OVERDUE_RULE",
    "SOON_DAYS",
    "Bounded",
    "Figures",
    "Late",
    "Line",
    "Progress",
    "by_institution",
    "by_region",
    "days_late",
    "in_words",
    "measure",
    "measure_scope",
    "nearest_deadlines",
    "open_returns",
    "overdue_list",
    "percent",
    "plan_in_force",
    "to_do",
    "with_history",
]
