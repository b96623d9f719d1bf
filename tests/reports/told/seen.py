"""The rows that a report speaks of, and what every report tells alike."""

import datetime
from dataclasses import dataclass

from django.utils import timezone

from assessments.models import Review, SelfAssessment
from portal.accounts.models import Institution
from portal.days import end_of
from reports import progress
from reports.attached import FORMAT
from reports.enums import ReportKind
from tasks.enums import AssignmentState
from tasks.models import Assignment, AssignmentChange
from tests.factories.accounts import membership_of


@dataclass(frozen=True)
class Seen:
    """What the person who asked may see, as it stood at the end of the report's day."""

    report: object

    @property
    def day(self) -> datetime.date:
        return self.report.day or timezone.localdate()

    @property
    def until(self) -> datetime.datetime:
        return end_of(self.day)

    def rows(self, model):
        reader = self.report.requested_by
        return model.objects.visible_to(reader, acting=membership_of(reader))

    @property
    def institutions(self):
        return self.rows(Institution)

    @property
    def standing(self):
        is_past = self.day < timezone.localdate()
        rows = self.rows(AssignmentChange if is_past else Assignment).filter(task__plan=self.report.plan)
        rows = rows.filter(task=self.report.task) if self.report.task else rows
        return rows.last_by(self.day) if is_past else rows

    @property
    def reviews(self):
        return self.rows(Review).filter(created_at__lt=self.until)

    @property
    def signed(self):
        return self.rows(SelfAssessment).filter(cycle__plan=self.report.plan, signed_at__lt=self.until)


def head_of(report):
    plan = report.plan
    return {
        "format": FORMAT,
        "report": {
            "number": report.number,
            "kind": report.kind,
            "title": str(ReportKind(report.kind).label),
            "language": report.language,
        },
        "plan": {"slug": plan.slug, "title": plan.title, "shift_years": plan.shift_years},
        "day": Seen(report).day,
        "moment": timezone.now(),
        "rules": {"accepted_share": str(progress.ACCEPTED_SHARE_RULE), "overdue": str(progress.OVERDUE_RULE)},
    }


def figures_of(figures):
    return {
        "total": figures.total,
        "states": {state.value: figures.states[state] for state in AssignmentState},
        "overdue": figures.overdue,
        "accepted_share": figures.accepted_share,
        "overdue_share": figures.overdue_share,
    }


def lines_of(lines, names):
    return [{**names(subject), "figures": figures_of(figures)} for subject, figures in lines]


def numbered(row):
    """A theme or a task."""
    return {"number": row.number, "title": row.title}


def required(requirement):
    return {"reference": requirement.reference, "text": requirement.text}


def institution_of(institution):
    return {"institution": institution.name, "credit_code": institution.credit_code, "kind": institution.kind}


def placed(institution):
    return {**institution_of(institution), "region": institution.region.name}


def assignment_of(row, day):
    return {
        "task": numbered(row.task),
        "state": row.state,
        "deadline": row.deadline,
        "deadline_is_official": row.deadline_is_official if day == timezone.localdate() else None,
        "days_late": progress.days_late(row, day),
    }
