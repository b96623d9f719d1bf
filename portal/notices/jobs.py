"""Celery's way into the outbox. The beat runs each of them often, so that what Redis lost is done all the same."""

from pathlib import Path

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from portal.enqueue import enqueue
from portal.locks import held
from portal.notices.bounces import read_maildir
from portal.notices.carriers import MailCarrier, WebhookCarrier
from portal.notices.delivery import deliver
from portal.notices.enums import WEBHOOKS, Channel
from portal.notices.reminders import mornings


def wake() -> None:
    """Let what is due be sent now and not at the beat's next minute."""
    enqueue(deliver_notices)
    enqueue(deliver_webhooks)


@shared_task
def deliver_notices() -> None:
    deliver(Channel.EMAIL, MailCarrier())


@shared_task
def deliver_webhooks() -> None:
    """By one worker at a time: receivers that hang must not take all of a small site's."""
    with held("deliver-webhooks") as is_held:
        if is_held:
            for channel in WEBHOOKS:
                deliver(channel, WebhookCarrier(channel))


@shared_task
def send_reminders() -> None:
    """Every ten minutes of the day: a morning that was missed is made good by noon, a day by the next."""
    if mornings.send_if_due(now=timezone.localtime()):
        wake()


@shared_task
def record_bounces() -> None:
    """What mail servers sent back since the last time, where a site has it put into a Maildir."""
    if settings.BOUNCE_MAILDIR:
        read_maildir(Path(settings.BOUNCE_MAILDIR))
