"""The beat's side of schedules."""

from celery import shared_task
from django.utils import timezone

from reports.schedules import actions


@shared_task(expires=3600)
def request_due_reports() -> None:
    """Each day, so that a machine that was down on the first of a month catches up on the next."""
    actions.request_due(today=timezone.localdate())
