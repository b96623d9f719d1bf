"""A worker's process that delivers mail until nothing is due. `python -m tests.bench.mail_worker`

It starts when it reads a line, so that the start of Python is not measured, nor what Celery's workers do once when
they start: the checks, which import the addresses of all pages.
"""

from __future__ import annotations

import sys

import django

if __name__ == "__main__":
    django.setup()
    from django.core.checks import run_checks
    from django.db import connection

    from portal.notices.jobs import deliver_notices
    from portal.notices.models import Delivery

    run_checks()
    connection.ensure_connection()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    while Delivery.objects.due().exists():
        deliver_notices()
