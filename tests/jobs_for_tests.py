"""A job that takes its time, for the tests of the worker."""

import time
from pathlib import Path

from celery import shared_task


@shared_task(name="tests.take_time")
def take_time(seconds: float, file: str) -> None:
    time.sleep(seconds)
    Path(file).touch()
