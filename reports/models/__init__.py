"""Reports that workers make, and the tallies that figures of large scopes are read from."""

from reports.models.reports import Report, report_path
from reports.models.tallies import DailyTally, OpeningBalance, Standing

__all__ = ["DailyTally", "OpeningBalance", "Report", "Standing", "report_path"]
