"""What workers do for `tasks`. Each job may run twice without harm."""

from celery import shared_task

from tasks import reminders


@shared_task
def send_reminders() -> None:
    """Each morning; a morning that was missed is made good by the next run."""
    reminders.send_reminders()
