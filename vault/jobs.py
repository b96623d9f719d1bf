"""Celery's side of the vault. A message that is lost delays a check: the beat queues what still waits."""

import datetime

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from portal.enqueue import enqueue
from portal.locks import held
from vault import checking, cleanup, deletion, scanner, verification
from vault.models import StoredFile

RESUMED_AT_ONCE = 500


@shared_task
def check_file(stored_id: str) -> None:
    checking.check(stored_id=stored_id)


@shared_task(expires=60)
def resume_checks() -> None:
    """Queue what has waited for longer than a message takes; nothing while the malware scanner is silent."""
    if not scanner.is_answering():
        return
    since = timezone.now() - datetime.timedelta(minutes=1)
    for stored in StoredFile.objects.waiting().filter(received_at__lt=since).order_by("received_at")[:RESUMED_AT_ONCE]:
        enqueue(check_file, str(stored.pk))


@shared_task
def remove_bytes(tombstone_id: str, place: str, path: str) -> None:
    deletion.remove(tombstone_id=tombstone_id, place=place, path=path)


@shared_task
def clean_up() -> None:
    """Each night."""
    cleanup.clean_up()


@shared_task
def verify_evidence() -> None:
    """Each week, as much as the setting says. A message that comes again while it runs does nothing."""
    with held("verify_evidence") as is_held:
        if is_held:
            verification.verify_part(limit_bytes=settings.VERIFY_BYTES)
