"""Reports that workers make, what lead supervisors compose, and the tallies that figures of scopes are read from."""

from reports.models.compositions import Composition, ReportTemplate
from reports.models.reports import Report, report_path
from reports.models.tallies import DailyTally, OpeningBalance, Standing

__all__ = ["Composition", "DailyTally", "OpeningBalance", "Report", "ReportTemplate", "Standing", "report_path"]
