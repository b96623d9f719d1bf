"""Reports that workers make, the schedules of some, and the tallies that figures of large scopes are read from."""

from reports.models.reports import Report, report_path
from reports.models.schedules import ReportSchedule
from reports.models.tallies import DailyTally, OpeningBalance, Standing

__all__ = ["DailyTally", "OpeningBalance", "Report", "ReportSchedule", "Standing", "report_path"]
