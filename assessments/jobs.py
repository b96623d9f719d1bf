"""What workers do for `assessments`. Each job may run twice without harm."""

from celery import shared_task
from django.utils import timezone

from assessments.actions import extend_cycle
from assessments.models import Cycle
from assessments.rectification_reminders import send_rectification_reminders


@shared_task
def extend_cycles() -> None:
    """Each night: institutions that joined since a round was opened take part in it too."""
    for cycle in Cycle.objects.filter(due_on__gte=timezone.localdate()).select_related("plan"):
        extend_cycle(cycle=cycle)


@shared_task
def remind_of_rectifications() -> None:
    """Each morning; a morning that was missed is made good by the next run."""
    send_rectification_reminders()
