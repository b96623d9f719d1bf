"""The Celery application. Jobs live in each app's `jobs.py`: the name `tasks` belongs to the domain."""

import os

from celery import Celery
from celery.signals import setup_logging
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(related_name="jobs")
app.autodiscover_tasks(["reports.schedules"], related_name="jobs")
app.steps["worker"].add(DjangoStructLogInitStep)


@setup_logging.connect
def keep_logging_of_settings(**_kwargs: object) -> None:
    """Celery sets up logging of its own unless something is connected here."""
