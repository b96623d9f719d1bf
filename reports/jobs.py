"""Celery's side of reports. A message that lies too long is dropped: the beat queues what is still to be done."""

from celery import shared_task
from django.utils import timezone

from portal.enqueue import enqueue
from reports import making, removal, tallies
from reports.batches import driving
from reports.enums import ReportState
from reports.models import Report

RESUMED_AT_ONCE = 100


@shared_task(expires=300)
def render_report(report_id: str) -> None:
    making.render(report_id=report_id)
    for batch_id in Report.objects.filter(pk=report_id, batch__isnull=False).values_list("batch_id", flat=True):
        drive_batch(str(batch_id))


@shared_task(expires=300)
def drive_batch(batch_id: str) -> None:
    """Queue what is next of a batch. Whoever made a member does this, and each minute the beat."""
    for report_id in driving.next_up(batch_id=batch_id):
        enqueue(render_report, str(report_id))


@shared_task(expires=60)
def resume_reports() -> None:
    """Queue what lies about: reports whose message was lost or whose worker died, and batches that stand still."""
    collecting = Report.objects.filter(state=ReportState.COLLECTING).order_by("requested_at")
    for batch in collecting[:RESUMED_AT_ONCE]:
        enqueue(drive_batch, str(batch.pk))
    left = Report.objects.left_lying(timezone.now()).order_by("requested_at")[:RESUMED_AT_ONCE]
    for report in left:
        enqueue(render_report, str(report.pk))


@shared_task(expires=3600)
def remove_packages() -> None:
    """Each night: packages and batches that were kept long enough, and files that killed workers left behind."""
    removal.remove_old_packages()
    removal.remove_strays()


@shared_task(expires=60)
def count_changes() -> None:
    tallies.count_changes()
