"""Celery's way into the outbox. The beat runs it each minute, so that what Redis lost is sent all the same."""

from celery import shared_task

from portal.notices.delivery import deliver_due


@shared_task
def deliver_notices() -> None:
    deliver_due()
