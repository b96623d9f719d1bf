"""Celery's side of reports. A message that lies too long is dropped: the beat queues what is still to be done."""

from celery import shared_task
from django.utils import timezone

from portal.enqueue import enqueue
from reports import making, removal, tallies
from reports.models import Report

RESUMED_AT_ONCE = 100


@shared_task(expires=300)
def render_report(report_id: str) -> None:
    making.render(report_id=report_id)


@shared_task(expires=60)
def resume_reports() -> None:
    """Queue what lies about: reports whose message was lost or whose worker died."""
    left = Report.objects.left_lying(timezone.now()).order_by("requested_at")[:RESUMED_AT_ONCE]
    for report in left:
        enqueue(render_report, str(report.pk))


@shared_task(expires=3600)
def remove_packages() -> None:
    removal.remove_old_packages()


@shared_task(expires=60)
def count_changes() -> None:
    tallies.count_changes()
