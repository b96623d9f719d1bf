"""What workers do for `assessments`. Each job may run twice without harm."""

from celery import shared_task
from django.utils import timezone

from assessments.actions import extend_cycle
from assessments.models import Cycle


@shared_task
def extend_cycles() -> None:
    """Each night: institutions that joined since a round was opened take part in it too."""
    for cycle in Cycle.objects.filter(due_on__gte=timezone.localdate()).select_related("plan"):
        extend_cycle(cycle=cycle)
