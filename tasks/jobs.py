"""What workers do for `tasks`. Each job may run twice without harm."""

from celery import shared_task
from django.utils import timezone

from plan.models import Plan
from portal.enqueue import enqueue
from tasks import uploads
from tasks.extending.carrying_out import carry_out
from tasks.models import BulkExtension
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


@shared_task(expires=300)
def carry_out_extension(extension_id: int) -> None:
    carry_out(extension_id=extension_id)


@shared_task(expires=60)
def resume_extensions() -> None:
    """Each minute: queue decisions whose message was lost or whose worker died. They are few, so all at once."""
    for pk in BulkExtension.objects.left_lying(timezone.now()).order_by("pk").values_list("pk", flat=True):
        enqueue(carry_out_extension, pk)
