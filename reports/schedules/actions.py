"""Set up schedules, stop them, and ask for what is due."""

from __future__ import annotations

import datetime
import logging

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from plan.models import Plan
from portal.accounts.access import check
from portal.accounts.models import Membership, User
from portal.audit.actions import record
from portal.notices.actions import notify
from portal.notices.enums import NoticeKind
from reports.actions import request_report
from reports.enums import ReportKind
from reports.models import ReportSchedule
from reports.schedules.enums import Frequency
from reports.schedules.periods import last_ended
from reports.schedules.permissions import can_stop, membership_for, scheduled_kind
from reports.titles import titles_of

logger = logging.getLogger(__name__)


@transaction.atomic
def add_schedule(
    *, membership: Membership, plan: Plan, frequency: Frequency, language: str, by: User
) -> ReportSchedule:
    """Have the role's report made after each period, the one that today is in first; set up twice, it is kept once."""
    kind = scheduled_kind(membership)
    check(kind is not None and membership in by.active_memberships)
    Membership.objects.select_for_update(of=("self",)).get(pk=membership.pk)
    wanted = {
        "person": by,
        "institution": membership.institution,
        "authority": membership.authority,
        "kind": kind,
        "plan": plan,
        "language": language,
        "frequency": frequency,
    }
    running = ReportSchedule.objects.running().filter(**wanted).first()
    if running:
        return running
    schedule = ReportSchedule.objects.create(**wanted, made_until=last_ended(frequency, timezone.localdate()))
    data = {"kind": kind, "plan": plan.slug, "frequency": frequency}
    record(action="report_schedule.added", by=by, target=schedule, institution=schedule.institution, data=data)
    return schedule


@transaction.atomic
def stop_schedule(*, schedule: ReportSchedule, by: User) -> None:
    check(can_stop(by, schedule))
    running = ReportSchedule.objects.running().select_for_update(of=("self",)).filter(pk=schedule.pk).first()
    if running:
        _end(running, by)


def request_due(*, today: datetime.date) -> None:
    """One report for each schedule that is behind, however many periods it is. One that fails stops no other."""
    for pk in list(ReportSchedule.objects.due(today).values_list("pk", flat=True)):
        try:
            _request(pk, today)
        except Exception:
            logger.exception("The report of schedule %s was not asked for.", pk)


@transaction.atomic
def _request(pk: int, today: datetime.date) -> None:
    """Nothing, when another beat has the schedule or was here before."""
    due = ReportSchedule.objects.due(today).select_related("person", "institution", "authority", "plan")
    schedule = due.select_for_update(of=("self",), skip_locked=True).filter(pk=pk).first()
    if schedule is None:
        return
    membership = membership_for(schedule)
    if membership is None:
        _end(schedule, by=None)
        _tell(schedule)
        return
    schedule.made_until = last_ended(schedule.frequency, today)
    schedule.save(update_fields=["made_until"])
    request_report(
        membership=membership,
        kind=ReportKind(schedule.kind),
        plan=schedule.plan,
        language=schedule.language,
        by=schedule.person,
        day=schedule.made_until,
        schedule=schedule,
    )


def _end(schedule: ReportSchedule, by: User | None) -> None:
    schedule.ended_at = timezone.now()
    schedule.save(update_fields=["ended_at"])
    record(action="report_schedule.ended", by=by, target=schedule, institution=schedule.institution)


def _tell(schedule: ReportSchedule) -> None:
    notify(
        recipients=[schedule.person],
        kind=NoticeKind.REPORT_SCHEDULE_ENDED,
        key=f"report-schedule:{schedule.pk}",
        path=reverse("reports:list"),
        institution=schedule.institution,
        data=titles_of(schedule),
    )
