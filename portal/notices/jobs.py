"""Celery's way into the outbox. The beat runs each of them often, so that what Redis lost is done all the same."""

from celery import shared_task
from django.utils import timezone

from portal.enqueue import enqueue
from portal.notices.delivery import deliver_due
from portal.notices.reminders import mornings


@shared_task
def deliver_notices() -> None:
    deliver_due()


@shared_task
def send_reminders() -> None:
    """Every ten minutes of the day: a morning that was missed is made good by noon, a day by the next."""
    if mornings.send_if_due(now=timezone.localtime()):
        enqueue(deliver_notices)
