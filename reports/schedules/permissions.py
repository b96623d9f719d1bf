"""Who may have reports made by themselves: whoever may ask for them."""

from __future__ import annotations

from portal.accounts.models import Membership, User
from reports.enums import ReportKind
from reports.models import ReportSchedule
from reports.permissions import kind_for

# What is about nothing but a plan and a body; other kinds are about one self-assessment or task.
SCHEDULED = (ReportKind.STATUS, ReportKind.SUPERVISORY)


def scheduled_kind(membership: Membership | None) -> ReportKind | None:
    """The report that the role may have made by itself; None for a role that may not."""
    kind = kind_for(membership)
    return kind if kind in SCHEDULED else None


def can_stop(user: User, schedule: ReportSchedule) -> bool:
    return schedule.person == user


def membership_for(schedule: ReportSchedule) -> Membership | None:
    """The membership in which the person may still ask for the report."""
    if not schedule.person.is_active:
        return None
    theirs = (m for m in schedule.person.active_memberships if m.body == schedule.body)
    return next((m for m in theirs if scheduled_kind(m) == schedule.kind), None)
