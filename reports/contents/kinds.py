"""The contents of each kind of report that is a PDF."""

from __future__ import annotations

from collections.abc import Mapping

from reports.contents.assessment import ASSESSMENT
from reports.contents.section import Contents
from reports.contents.status import STATUS
from reports.contents.supervisory import SUPERVISORY
from reports.contents.task import TASK
from reports.enums import ReportKind

CONTENTS: Mapping[ReportKind, Contents] = {
    ReportKind.STATUS: STATUS,
    ReportKind.SUPERVISORY: SUPERVISORY,
    ReportKind.ASSESSMENT: ASSESSMENT,
    ReportKind.TASK: TASK,
}
