"""What a report says: figures and lists at one moment, as pages in HTML and as data."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import Min
from django.template.loader import render_to_string
from django.utils import timezone

from assessments.models import Review
from portal.accounts.enums import InstitutionKind
from portal.accounts.models import Institution, Membership
from reports import progress
from reports.attached import attach
from reports.charts import heat_map, state_chart
from reports.enums import ReportKind
from reports.models import Report
from reports.permissions import membership_for
from reports.verification.seals import Seal, new_seal
from tasks.enums import AssignmentState
from tasks.models import Assignment
from tasks.querysets import AssignmentQuerySet

OVERDUE_SHOWN = 150
INSTITUTIONS_SHOWN = 500


class Document(NamedTuple):
    """A report as it is issued: its pages, the same figures as JSON, the moment they speak of, and its seal."""

    html: str
    data: bytes
    as_at: datetime.datetime
    seal: Seal


def compose(report: Report) -> Document:
    """The report in the active language, over what its reader may see now.

    Each attempt has a seal of its own: no two files bear the same code.

    Raises PermissionDenied when the person who asked has lost the role meanwhile.
    """
    membership = membership_for(report.requested_by, report)
    if membership is None:
        raise PermissionDenied
    now, seal = timezone.localtime(), new_seal()
    with one_moment():
        assignments = Assignment.objects.visible_to(report.requested_by, acting=membership).filter(
            task__plan=report.plan
        )
        context = {
            "report": report,
            "plan": report.plan,
            "now": now,
            "seal": seal,
            "accepted_share_rule": progress.ACCEPTED_SHARE_RULE,
            "overdue_rule": progress.OVERDUE_RULE,
        }
        contents, template = {
            ReportKind.STATUS: (_status, "reports/pdf/status.html"),
            ReportKind.SUPERVISORY: (_supervisory, "reports/pdf/supervisory.html"),
        }[ReportKind(report.kind)]
        context |= contents(report, membership, assignments, now.date())
        return Document(render_to_string(template, context), attach(context), now, seal)


@contextmanager
def one_moment() -> Iterator[None]:
    """All figures from one snapshot of the database; inside another transaction, from that one's."""
    begins = not connection.in_atomic_block
    with transaction.atomic():
        if begins:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _status(
    report: Report, membership: Membership, assignments: AssignmentQuerySet, today: datetime.date
) -> dict[str, Any]:
    figures = progress.measure(assignments, plan=report.plan, today=today)
    rows = progress.with_history(assignments).select_related("task__theme").order_by("task__number")
    reviews = Review.objects.visible_to(report.requested_by, acting=membership)
    return {
        "figures": figures.total,
        "by_theme": figures.by_theme,
        "chart": state_chart(figures.total),
        "rows": [(row, progress.days_late(row, today)) for row in rows],
        "returns": list(progress.open_returns(reviews, assignments)),
        "nearest": next(iter(progress.nearest_deadlines(assignments, plan=report.plan, today=today, limit=1)), None),
    }


def _supervisory(
    report: Report, membership: Membership, assignments: AssignmentQuerySet, today: datetime.date
) -> dict[str, Any]:
    institutions = Institution.objects.visible_to(report.requested_by, acting=membership)
    figures = progress.measure_scope(institutions, plan=report.plan, day=today)
    authority = report.authority
    in_regions = assignments.select_related("institution__region")
    waiting = assignments.filter(state=AssignmentState.SUBMITTED)
    return {
        "figures": figures.total,
        "by_theme": figures.by_theme,
        "by_kind": figures.by_kind,
        "by_task": figures.by_task,
        "by_region": progress.by_region(institutions, plan=report.plan, day=today),
        "chart": state_chart(figures.total),
        "heat": heat_map(figures),
        "regions": list(authority.regions.all()),
        "kinds": [kind.label for kind in InstitutionKind if kind in authority.kinds],
        "waiting_since": waiting.aggregate(oldest=Min("submitted_at"))["oldest"],
        "overdue": progress.overdue_list(in_regions, plan=report.plan, today=today, limit=OVERDUE_SHOWN),
        "institutions": progress.by_institution(assignments, plan=report.plan, today=today, limit=INSTITUTIONS_SHOWN),
    }
