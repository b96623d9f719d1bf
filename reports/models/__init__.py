"""Reports that workers make, compositions, schedules, and the tallies that figures of large scopes are read from."""

from reports.models.compositions import Composition, ReportTemplate
from reports.models.reports import Report, report_path
from reports.models.schedules import ReportSchedule
from reports.models.tallies import DailyTally, OpeningBalance, Standing

__all__ = [
    "Composition",
    "DailyTally",
    "OpeningBalance",
    "Report",
    "ReportSchedule",
    "ReportTemplate",
    "Standing",
    "report_path",
]
