"""What workers do for `tasks`. Each job may run twice without harm."""

from celery import shared_task

from plan.models import Plan
from tasks import uploads
from tasks.rollout import apply_schedule, roll_out


@shared_task
def roll_out_plans() -> None:
    """Each night: new institutions and new tasks get their assignments, changed schedules reach open ones."""
    for plan in Plan.objects.all():
        roll_out(plan=plan, by=None)
        apply_schedule(plan=plan, by=None)


@shared_task
def clear_stale_uploads() -> None:
    """Each night: what was begun and not gone on with."""
    uploads.clear_stale_uploads()
